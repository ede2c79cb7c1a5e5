/** Logs 40 MB to an unread pipe and reports the outcome on its error output; run by log-output.test.ts. */
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../../src/process/logger.ts';
import { endWithParent } from '../support/process/child.ts';

endWithParent();
const { log, flush } = createLogger('info', []);
let longestMs = 0;
for (let line = 0; line < 40_000; line += 100) {
  const startedAt = performance.now();
  for (let part = 0; part < 100; part += 1) log.info({ line: line + part }, 'x'.repeat(1000));
  longestMs = Math.max(longestMs, performance.now() - startedAt);
  await turn();
}
process.stderr.write(`${JSON.stringify({ waiting: process.stdout.writableLength, longestMs })}\n`);
// The reader starts to read again.
process.stdin.once('data', () => {
  void (async () => {
    while (process.stdout.writableLength > 0) await turn();
    log.info('read again');
    await flush();
    process.exit(0);
  })();
});
