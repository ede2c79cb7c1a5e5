import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { listenOnFreePort } from './ports.ts';

/** A TCP server that accepts connections and sends nothing by itself. */
export interface TcpListener extends AsyncDisposable {
  readonly origin: string;
  readonly secureOrigin: string;
  /** The first connection made. */
  readonly connected: Promise<Socket>;
}

/** Starts a listener; `onData` gets the first data of each connection. */
export async function listenTcp(
  onData: (socket: Socket, data: Buffer) => void = () => {},
): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  const { promise: connected, resolve } = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', (data) => onData(socket, Buffer.from(data)));
    resolve(socket);
  });
  const port = await listenOnFreePort(server);
  const close = async (): Promise<void> => {
    server.close();
    for (const socket of sockets) socket.destroy();
    if (server.listening) await once(server, 'close');
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    secureOrigin: `https://127.0.0.1:${port}`,
    connected,
    [Symbol.asyncDispose]: close,
  };
}
