import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { type App, startApp } from './app.ts';
import { type Config, ConfigError, isStartedByNpm, parseConfig, secretsOf } from './config/config.ts';
import { SettingsFileError } from './config/settings-file.ts';
import { emitFault } from './events/emit-fault.ts';
import { GatewayEvents } from './events/gateway-events.ts';
import { createLogger } from './process/logger.ts';
import { StartError } from './process/start-error.ts';
import { FolderInUseError } from './store/sqlite/database/folder.ts';
import { NewerDatabaseError } from './store/sqlite/database/migrations.ts';

/** Milliseconds after which the process exits although the graceful stop has not finished. */
const STOP_DEADLINE_MS = 9500;
/**
 * Milliseconds in which a repeated signal is ignored: the terminal or systemd sends a signal to npm and to this process, and npm
 * forwards its copy.
 */
const SAME_SIGNAL_MS = 1000;
/** Milliseconds between checks of the parent process. */
const PARENT_CHECK_MS = 1000;

// No other user may read jobs and the secrets of their tokens.
process.umask(0o077);
const config = readConfig();
const events = new GatewayEvents();
const { log, flush } = createLogger(config.logLevel, secretsOf(config), (lines) => {
  // The log has its line already.
  emitFault(events, 'telemetry', 'debug', 'lines of the log were lost', { lines });
});
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  let copiesUntil = 0;
  process.on(signal, () => {
    if (performance.now() < copiesUntil) return;
    if (stopping.signal.aborted) process.exit(1);
    copiesUntil = performance.now() + SAME_SIGNAL_MS;
    log.info({ signal }, `${signal}: stopping. Send it again to exit immediately`);
    stopping.abort();
  });
}
if (isStartedByNpm()) {
  onParentExit(() => {
    if (stopping.signal.aborted) return;
    log.info('npm has exited: stopping');
    stopping.abort();
  });
}

const app = await start();
// Node writes the cache at a normal exit only, and a process may be killed.
flushCompileCache();
if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
setTimeout(() => {
  log.error('the graceful stop took too long: exiting now');
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
    return await startApp(config, log, stopping.signal, { events });
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

/** Calls back once after the parent process has exited: this process then has another parent. Does not keep this process alive. */
function onParentExit(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, PARENT_CHECK_MS);
  timer.unref();
}
