import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Starts a server on a free port of 127.0.0.1 and resolves to that port. */
export async function listenOnFreePort(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

/** A loopback port on which nothing listens, for a process that has to restart on the same port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnFreePort(server);
  server.close();
  await once(server, 'close');
  return port;
}
