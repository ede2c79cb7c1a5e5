/**
 * Makes 20 calls of each kind at the same time, with one signal: `node parallel-calls.ts <url> <id>`. Signals have the limit of Node 20,
 * which warns of a memory leak at the eleventh listener.
 */
import { setMaxListeners } from 'node:events';
import { createReelgate } from '@reelgate/client';

globalThis.AbortController = class extends AbortController {
  constructor() {
    super();
    setMaxListeners(10, this.signal);
  }
};
const [url = '', id = ''] = process.argv.slice(2);
const client = createReelgate({ url, token: async () => 'a token' });
const { signal } = new AbortController();
const calls = Array.from({ length: 20 }, async () => {
  await client.jobs({ signal });
  await client.job(id);
  for await (const job of client.watch(id, { signal })) if (job.version > 1) break;
});
await Promise.all(calls);
process.stdout.write('done\n');
