/**
 * Prints the heap of a client after 100, 200 and 300 lost connections, in kilobytes: `node --expose-gc reconnect-many-times.ts <port>
 * <id>`.
 */
import { setTimeout } from 'node:timers/promises';
import { createReelgate } from '@reelgate/client';
import { HttpProxy } from '../support/network/http-proxy.ts';

const [port = '', id = ''] = process.argv.slice(2);
await using proxy = await HttpProxy.start(Number(port));
const client = createReelgate({ url: `http://127.0.0.1:${proxy.port}/graphql` });
const watches = [client.watch(id), client.watchAll()].map((items) => items[Symbol.asyncIterator]());
for (const watch of watches) await watch.next();
for (let count = 1; count <= 300; count += 1) {
  const connected = Promise.withResolvers<void>();
  const ignore = client.connection.onChange(() => {
    if (client.connection.state === 'connected') connected.resolve();
  });
  proxy.cut();
  // Without the pause.
  await setTimeout(1);
  client.connection.reconnect();
  await connected.promise;
  ignore();
  if (count % 100 > 0) continue;
  globalThis.gc?.();
  await setTimeout(50);
  globalThis.gc?.();
  process.stdout.write(`${Math.round(process.memoryUsage().heapUsed / 1000)}\n`);
}
client.close();
