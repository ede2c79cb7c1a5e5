/**
 * Prints the heap of a client after 100, 200 and 300 lost connections, in kilobytes: `node --expose-gc reconnect-many-times.ts <port>
 * <id>`.
 */
import { setImmediate } from 'node:timers/promises';
import { type ConnectionState, createReelgate } from '@reelgate/client';
import { HttpProxy } from '../support/network/http-proxy.ts';

const [port = '', id = ''] = process.argv.slice(2);
await using proxy = await HttpProxy.start(Number(port));
const client = createReelgate({ url: `http://127.0.0.1:${proxy.port}/graphql` });
const watches = [client.watch(id), client.watchAll()].map((items) => items[Symbol.asyncIterator]());
for (const watch of watches) await watch.next();
for (let count = 1; count <= 300; count += 1) {
  const lost = reached('reconnecting');
  proxy.cut();
  await lost;
  const connected = reached('connected');
  // Without the pause.
  client.connection.reconnect();
  await connected;
  if (count % 100 > 0) continue;
  // Finalizers run between two turns, and free more.
  for (let turn = 0; turn < 10; turn += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  process.stdout.write(`${Math.round(process.memoryUsage().heapUsed / 1000)}\n`);
}
client.close();

/** Resolves when the connection is in the state next. */
async function reached(state: ConnectionState): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignore = client.connection.onChange(() => {
    if (client.connection.state === state) resolve();
  });
  await promise;
  ignore();
}
