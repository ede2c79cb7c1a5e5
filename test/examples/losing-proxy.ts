import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before a gateway. */
export interface LosingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many answers it has lost. */
  lost(): number;
}

/**
 * Passes everything on but the first answer to the mutation GenerateVideo: the gateway hears the client, and the client
 * sees nothing but a broken connection.
 */
export async function startLosingProxy(gateway: string): Promise<LosingProxy> {
  let lost = 0;
  const sockets = new Set<Socket>();
  const target = Number(new URL(gateway).port);
  const listener = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    let isHeard = false;
    client.on('data', (data) => {
      isHeard ||=
        data.includes('mutation GenerateVideo') || data.includes('mutation videoJobGenerateMutation');
      server.write(data);
    });
    server.on('data', (data) => {
      if (isHeard && lost === 0) {
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
