import { setTimeout as delay } from 'node:timers/promises';
import { acceptedJob, type History, ownerOf } from './jobs.ts';
import { WIDE_LIMITS } from './load.ts';
import type { Engine, SetClock } from './opened-store.ts';
import { type Cost, Stopwatch, watchTurns } from './stopwatch.ts';

const CREATES = 50;
const QUIET_MS = 300;
const TIMEOUT_MS = 100_000;

/**
 * Measures what expired jobs cost. SQLite deletes them in slices once it is opened: its cost is that of all slices for each job. Redis
 * deletes expired jobs itself, and a create removes their ids from the lists of its owner.
 *
 * @param expired number of expired jobs
 */
export async function measurePurge(
  engine: Engine,
  clock: SetClock,
  history: History,
  expired: number,
): Promise<Cost> {
  if (engine.name === 'Redis') {
    return new Stopwatch().repeat(CREATES, TIMEOUT_MS, (index) => {
      const owner = ownerOf(index, history.owners);
      const job = acceptedJob(owner, clock.time + index, 'a cat that comes later', null);
      return engine.store.create({ job, idempotencyKey: null, fingerprint: '', limits: WIDE_LIMITS });
    });
  }
  await engine.reopen();
  const before = await engine.bytes();
  const started = performance.now();
  using turns = watchTurns();
  // Purged pages are free at once. When their number no longer changes, the purge has ended.
  let last = before;
  let ended = started;
  while (performance.now() - ended < QUIET_MS && performance.now() - started < TIMEOUT_MS) {
    await delay(10);
    const bytes = await engine.bytes();
    if (bytes !== last) ended = performance.now();
    last = bytes;
  }
  return { ms: (ended - started) / expired, blockMs: turns.longestMs() };
}
