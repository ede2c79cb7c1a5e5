import type { Server } from 'node:http';
import { ready } from './control.ts';

/** Listens on a free port and reports it to the parent. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
    ready(`http://127.0.0.1:${address.port}`);
  });
}
