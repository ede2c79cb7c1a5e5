import type { Server } from 'node:http';
import type { ListenOptions } from 'node:net';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter, GatewayPart } from '../../events/gateway-events.ts';

/**
 * Makes a server listen. A connection that cannot be accepted later, for example above the limit of open files, is a fault of the part: it is
 * closed, and the others stay open.
 *
 * @returns the origin, such as `http://127.0.0.1:4000`
 * @throws Error of the system
 */
export async function listen(
  server: Server,
  options: ListenOptions,
  part: GatewayPart,
  events: EventEmitter,
): Promise<string> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(options, listening.resolve);
  await listening.promise;
  server.off('error', listening.reject);
  server.on('error', (error) =>
    emitFault(events, part, 'error', 'a connection could not be accepted', { err: error }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no address.');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
