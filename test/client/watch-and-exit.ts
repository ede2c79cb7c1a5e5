/** Watches a job to its end with a client that it does not close: `node watch-and-exit.ts <url> <id>`. */
import { createReelgate } from '@reelgate/client';

const [url = '', id = ''] = process.argv.slice(2);
const client = createReelgate({ url });
process.stdout.write(`${typeof WebSocket}\n`);
for await (const { version } of client.watch(id)) process.stdout.write(`${version}\n`);
await client.jobs();
process.stdout.write(`${client.connection.state}\n`);
