import type { FileTasks } from '../store/file-tasks.ts';
import { lookAgainAfterMove, type MovedArchiveOptions } from './archive-place.ts';
import { inSlices, SLICE, type SliceOptions } from './slices.ts';

export interface MissingTasksOptions extends SliceOptions {
  readonly tasks: Pick<FileTasks, 'addMissing'>;
}

/**
 * Milliseconds between two searches. The upstream keeps a file for days, so a daily search also finds in time what an instance of an earlier
 * version, or one without an archive, completes beside this one.
 */
const INTERVAL_MS = 24 * 60 * 60 * 1000;

/**
 * Searches at the start and then every day, see `addMissingTasks`; at the start also for what a moved archive lacks.
 *
 * @param signal ends it
 */
export async function keepAddingMissingTasks(
  options: MissingTasksOptions & MovedArchiveOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await lookAgainAfterMove(options, signal);
    while (!signal.aborted) {
      await addMissingTasks(options, signal);
      await options.clock.sleep(INTERVAL_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Adds the file tasks of all completed jobs that have none: those that were completed by an earlier version, or while the archive was off.
 * It goes through all jobs once, in slices, so nothing has to be recorded. While the store fails, it waits.
 *
 * @throws the signal's reason when it ends this
 */
export async function addMissingTasks(options: MissingTasksOptions, signal: AbortSignal): Promise<void> {
  const { tasks, clock } = options;
  await inSlices((cursor) => tasks.addMissing(cursor, SLICE, clock.now()), options, signal);
}
