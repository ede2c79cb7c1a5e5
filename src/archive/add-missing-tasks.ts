import type { Clock } from '../domain/clock.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import type { LeveledLog } from '../process/fault-log.ts';
import type { FileTasks } from '../store/file-tasks.ts';

export interface MissingTasksOptions {
  readonly tasks: Pick<FileTasks, 'addMissing'>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: LeveledLog;
}

/** Jobs of a slice: on the embedded store, a slice takes about a millisecond. */
const SLICE = 200;
/** Milliseconds between two slices: a million jobs take two minutes, and other work hardly notices. */
const PAUSE_MS = 25;

/**
 * Milliseconds between two searches. The upstream keeps a file for days, so a daily search also finds in time what an instance of an earlier
 * version, or one without an archive, completes beside this one.
 */
const INTERVAL_MS = 24 * 60 * 60 * 1000;

/** Searches at the start and then every day, see `addMissingTasks`. @param signal ends it */
export async function keepAddingMissingTasks(
  options: MissingTasksOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await addMissingTasks(options, signal);
    await options.clock.sleep(INTERVAL_MS, signal);
  }
}

/**
 * Adds the file tasks of all completed jobs that have none: those that were completed by an earlier version, or while the archive was off.
 * It goes through all jobs once, in slices, so nothing has to be recorded. While the store fails, it waits.
 *
 * @param signal ends it
 */
export async function addMissingTasks(
  { tasks, clock, random, log }: MissingTasksOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  for (let cursor: string | null = null; !signal.aborted;) {
    try {
      cursor = await tasks.addMissing(cursor, SLICE, clock.now());
      if (cursor === null) return;
      failures = 0;
      await clock.sleep(PAUSE_MS, signal);
    } catch (error) {
      failures += 1;
      log.warn(
        { err: error },
        'the search for videos that are not in the archive yet pauses; it continues later',
      );
      await clock.sleep(backoffMs(failures, random()), signal);
    }
  }
}
