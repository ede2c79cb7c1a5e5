/** The two engines as the benchmark of the history opens them: with a clock that it sets. */
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/process/clocks.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { RedisJobStore } from '../../src/store/redis/redis-job-store.ts';
import { SqliteJobStore } from '../../src/store/sqlite/sqlite-job-store.ts';
import { printFaults } from '../servers/print-faults.ts';
import { RETENTION_MS } from './jobs.ts';

/** A clock that stands still until it is set. */
export class SetClock implements Clock {
  time = Date.now();

  readonly now = () => this.time;

  readonly sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms, signal);
}

/** A store of one engine. */
export interface Engine {
  readonly name: 'SQLite' | 'Redis';
  readonly store: JobStore;
  /** Bytes of all data. */
  bytes(): Promise<number>;
  /** Forgets the commands that took long. */
  resetSlowest(): Promise<void>;
  /** Milliseconds of the slowest command in the engine's own process; 0 when it has none, or when it was faster than half a millisecond. */
  slowestMs(): Promise<number>;
  /** Closes the store and opens it again. */
  reopen(): Promise<void>;
}

const SLOW_MICROSECONDS = 500;

/** SQLite in a folder. Does not wait for the disk: the benchmark can create its data again after a power cut. */
export async function openSqlite(folder: string, clock: Clock): Promise<Engine> {
  const open = () => {
    const opened = new SqliteJobStore({
      folder,
      retentionMs: RETENTION_MS,
      now: () => clock.now(),
      events: printFaults(),
    });
    opened.database.exec('PRAGMA synchronous = OFF');
    return opened;
  };
  let store = open();
  return {
    name: 'SQLite',
    get store() {
      return store;
    },
    bytes: async () => {
      const row = store.database
        .prepare(
          'SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
        )
        .get();
      return Number(row?.['bytes']);
    },
    resetSlowest: async () => {},
    slowestMs: async () => 0,
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      store = open();
    },
  };
}

/** Redis. */
export async function openRedis(url: string, clock: Clock): Promise<Engine> {
  const open = () =>
    RedisJobStore.open({
      location: { urls: [url], cluster: false },
      retentionMs: RETENTION_MS,
      clock,
      random: Math.random,
      events: printFaults(),
    });
  let store = await open();
  return {
    name: 'Redis',
    get store() {
      return store;
    },
    bytes: async () => {
      const info = String(await store.client.call('INFO', 'memory'));
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
    },
    resetSlowest: async () => {
      await store.client.call('CONFIG', 'SET', 'slowlog-log-slower-than', String(SLOW_MICROSECONDS));
      await store.client.call('SLOWLOG', 'RESET');
    },
    slowestMs: async () => {
      const entries: unknown = await store.client.call('SLOWLOG', 'GET', '-1');
      const durations = Array.isArray(entries) ? entries.map((entry: unknown[]) => Number(entry[2])) : [];
      return Math.max(0, ...durations) / 1000;
    },
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      store = await open();
    },
  };
}
