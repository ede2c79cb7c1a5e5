import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { FollowingClock } from '../process/clocks.ts';
import { openRedis } from './redis/open.ts';
import { openSqlite } from './sqlite/open.ts';
import type { Storage } from './storage.ts';

/**
 * Opens the embedded store, or waits for Redis and opens the shared store.
 *
 * @param signal aborts the wait for Redis
 * @throws FolderInUseError when another process has the data folder; StartError when the folder or Redis cannot be used
 *   as configured; the signal's reason
 */
export async function openStorage(
  config: Config,
  clock: FollowingClock,
  log: Logger,
  events: EventEmitter,
  signal: AbortSignal,
): Promise<Storage> {
  const options = { config, clock, log, events };
  return config.redis === null ? openSqlite(options) : openRedis(config.redis, options, signal);
}
