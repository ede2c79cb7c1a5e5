import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { type App, startApp } from './app.ts';
import { type Config, ConfigError, isStartedByNpm, parseConfig, secretsOf } from './config/config.ts';
import { SettingsFileError } from './config/settings-file.ts';
import { createLogger } from './process/logger.ts';
import { onParentExit } from './process/parent-process.ts';
import { StartError } from './process/start-error.ts';
import { FolderInUseError } from './store/sqlite/folder.ts';
import { NewerDatabaseError } from './store/sqlite/migrations.ts';

/** By then a graceful stop is given up. */
const STOP_DEADLINE_MS = 9500;
/**
 * Milliseconds in which the same signal again is a copy of the first: npm passes on to its child what the terminal (or
 * systemd) has sent to both.
 */
const SAME_SIGNAL_MS = 1000;

// Jobs and the secret of their tokens are for this user's eyes only.
process.umask(0o077);
const config = readConfig();
const { log, flush } = createLogger(config.logLevel, secretsOf(config));
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  let copiesUntil = 0;
  process.on(signal, () => {
    if (performance.now() < copiesUntil) return;
    if (stopping.signal.aborted) process.exit(1);
    copiesUntil = performance.now() + SAME_SIGNAL_MS;
    log.info({ signal }, `${signal}: stopping; once more ends at once`);
    stopping.abort();
  });
}
if (isStartedByNpm()) {
  onParentExit(() => {
    if (stopping.signal.aborted) return;
    log.info('npm has ended: stopping');
    stopping.abort();
  });
}

const app = await start();
// At the end of the process Node would do it as well, but not every process comes to an end of its own.
flushCompileCache();
if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
setTimeout(() => {
  log.error('the stop took too long and was cut short');
  process.exit(1);
}, STOP_DEADLINE_MS).unref();
await app[Symbol.asyncDispose]();
log.info('stopped');
await flush();
process.exit(0);

function readConfig(): Config {
  try {
    return parseConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

async function start(): Promise<App> {
  try {
    return await startApp(config, log, stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) process.exit(0);
    const message = error instanceof Error ? error.message : String(error);
    const expected =
      error instanceof StartError ||
      error instanceof FolderInUseError ||
      error instanceof NewerDatabaseError ||
      error instanceof SettingsFileError ||
      (error instanceof Error && 'syscall' in error);
    log.fatal(expected ? {} : { err: error }, `the gateway could not start: ${message}`);
    await flush();
    process.exit(1);
  }
}
