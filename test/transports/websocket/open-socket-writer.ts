import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { FlushScheduler, SocketWriter } from '../../../src/transports/websocket/socket-writer.ts';

/** A writer of an open socket. It writes to the stream instead of a client. */
export async function writerTo(stream: Duplex) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`);
  const opened = once(client, 'open');
  const [socket]: WebSocket[] = await once(server, 'connection');
  await opened;
  if (socket === undefined) throw new Error('There is no socket.');
  return {
    writer: new SocketWriter(socket, stream, new FlushScheduler()),
    [Symbol.dispose]: () => {
      client.terminate();
      server.close();
    },
  };
}
