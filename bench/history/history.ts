/**
 * A process that opens a store, loads a history of jobs and measures calls. Usage: history.ts <jobs> <owners> <folder or URL of Redis>
 */
import { obey, ready } from '../servers/control.ts';
import { callsOf } from './calls.ts';
import { createdAtOf, type History, RETENTION_MS } from './jobs.ts';
import { addDue, load } from './load.ts';
import { openRedis, openSqlite, SetClock } from './opened-store.ts';
import { measurePurge } from './purge.ts';
import { type Cost, Stopwatch } from './stopwatch.ts';

/** What one call costs. */
export interface CallCost extends Cost {
  readonly name: string;
  /** The longest command in Redis in milliseconds. */
  readonly engineMs: number;
}

export interface Sizes {
  readonly bytes: number;
  readonly heapBytes: number;
}

const DUE_JOBS = 100;
const CALLS = 30;
const STARTS = 3;
const EXPIRED_JOBS = 20_000;
/** No other call begins after this time. */
const MAX_MS = 1500;

const [jobs = '0', owners = '1', place = ''] = process.argv.slice(2);
const clock = new SetClock();
const history: History = { jobs: Number(jobs), owners: Number(owners), endsAt: clock.time };
const engine = place.startsWith('redis:') ? await openRedis(place, clock) : await openSqlite(place, clock);
const bytesBefore = await engine.bytes();

obey({
  load: ({ from, to }: { from: number; to: number }) => load(engine, clock, history, from, to),
  /** Ends the loading. */
  sizes: async (): Promise<Sizes> => {
    await addDue(engine.store, clock, history, DUE_JOBS);
    const bytes = (await engine.bytes()) - bytesBefore;
    await globalThis.gc?.({ execution: 'async' });
    return { bytes, heapBytes: process.memoryUsage().heapUsed };
  },
  /** One round of all calls. */
  measure: async (): Promise<CallCost[]> => {
    const costs: CallCost[] = [];
    const add = async (name: string, measure: () => Promise<Cost>) => {
      await engine.resetSlowest();
      const cost = await measure();
      costs.push({ name, ...cost, engineMs: await engine.slowestMs() });
    };
    for (const [name, call] of Object.entries(callsOf(() => engine.store, clock, history))) {
      // The first call compiles the code and fills the caches.
      await call(0);
      await add(name, () => new Stopwatch().repeat(CALLS, MAX_MS, (index) => call(index + 1)));
    }
    await add('start', () => new Stopwatch().repeat(STARTS, MAX_MS, () => engine.reopen()));
    return costs;
  },
  /** Lets the oldest jobs expire. Changes the history, so it is the last one. */
  purge: async (): Promise<CallCost> => {
    const expired = Math.min(EXPIRED_JOBS, history.jobs / 2);
    clock.time = createdAtOf(expired, history) + RETENTION_MS;
    await engine.resetSlowest();
    const cost = await measurePurge(engine, clock, history, expired);
    return { name: 'purge', ...cost, engineMs: await engine.slowestMs() };
  },
});
ready();
