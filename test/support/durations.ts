import type { Clock } from '../../src/domain/clock.ts';
import {
  type DurationStats,
  type ExpectedDurations,
  expectDurations,
} from '../../src/domain/polling/duration-model.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import { videoRequest } from './jobs.ts';
import { SECOND } from './times.ts';

/** Mean duration of a job before anything was learned. */
export const TYPICAL_MS = 50 * SECOND;

/** The expected durations of a common job before anything was learned. */
export const UNLEARNED: ExpectedDurations = expectDurations(new Map(), videoRequest(), TYPICAL_MS);

/** A model that keeps what it learns in memory. */
export function learnedDurations(clock: Clock, stats: DurationStats = new Map()): LearnedDurations {
  const store = { read: async () => stats, add: async () => {} };
  return new LearnedDurations({ store, clock, upstream: 'test', typicalMs: TYPICAL_MS });
}
