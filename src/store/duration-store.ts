import type { DurationSample, DurationStats } from '../domain/duration-model.ts';

/**
 * Where it is kept how long jobs take, for all instances together. Its methods reject with `StoreUnavailableError`
 * when the store can't be reached.
 */
export interface DurationStore {
  /** All that was learned: for each upstream at most about a thousand groups, as many as there are kinds of jobs. */
  read(): Promise<DurationStats>;
  /** Adds durations to their groups, each group at once, as `addDuration` does. */
  add(samples: readonly DurationSample[]): Promise<void>;
}
