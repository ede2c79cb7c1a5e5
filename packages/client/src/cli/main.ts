#!/usr/bin/env node
/** The command `reelgate`. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { EXIT } from './exit-codes.ts';
import { runCommand } from './run-command.ts';

/** Long enough for a restart of the gateway, short enough for a mistyped URL. */
const RETRY_FOR_MS = 20_000;

const stop = new AbortController();
let stopped: number = EXIT.interrupted;

for (const [signal, exitCode] of [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const) {
  process.on(signal, () => {
    // The second time: at once.
    if (stop.signal.aborted) process.exit(exitCode);
    stopped = exitCode;
    stop.abort();
  });
}
// The reader of a pipe, such as `head`, has enough.
process.stdout.on('error', (error) => {
  process.exit('code' in error && error.code === 'EPIPE' ? EXIT.done : EXIT.internal);
});

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
const exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  version,
  retryForMs: RETRY_FOR_MS,
  signal: stop.signal,
});
process.exitCode = exitCode === EXIT.interrupted ? stopped : exitCode;
