import {
  type DurationStats,
  type ExpectedDurations,
  expectDurations,
} from '../../src/domain/polling/duration-model.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { videoRequest } from './jobs.ts';
import { SECOND } from './times.ts';

/** What jobs take where nothing was learned yet. */
export const TYPICAL_MS = 50 * SECOND;

/** What is expected of a common job when nothing was learned yet. */
export const UNLEARNED: ExpectedDurations = expectDurations(new Map(), videoRequest(), TYPICAL_MS);

/** A model that learns in memory only. */
export function learnedDurations(clock: Clock, stats: DurationStats = new Map()): LearnedDurations {
  const store = { read: async () => stats, add: async () => {} };
  return new LearnedDurations({ store, clock, upstream: 'test', typicalMs: TYPICAL_MS });
}
