import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A proxy before a gateway. */
export interface LosingProxy extends AsyncDisposable {
  readonly url: string;
  /** The number of lost responses. */
  lost(): number;
}

/**
 * Forwards everything except the first response to generateVideo. The gateway gets the request, and the client sees a broken
 * connection. It cannot read the frames of a WebSocket.
 */
export async function startLosingProxy(gateway: string): Promise<LosingProxy> {
  let lost = 0;
  const sockets = new Set<Socket>();
  const target = Number(new URL(gateway).port);
  const listener = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    let isRequested = false;
    client.on('data', (data) => {
      isRequested ||= /generateVideo\(input: ?\$input\)/.test(data.toString('latin1'));
      server.write(data);
    });
    server.on('data', (data) => {
      if (isRequested && lost === 0) {
        lost += 1;
        client.destroy();
      } else client.write(data);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy does not listen.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
