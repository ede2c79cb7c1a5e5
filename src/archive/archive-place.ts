import { emitFault } from '../events/emit-fault.ts';
import type { FileTasks } from '../store/file-tasks.ts';
import type { SharedText } from '../store/shared-text.ts';
import { inSlices, SLICE, type SliceOptions, untilStored } from './slices.ts';

/** Where the archive is, and where it was. */
export interface ArchivePlace {
  /** Tells this archive from others; without a line break. */
  readonly current: string;
  /** The place of the last start, then on its own line the epoch milliseconds of the move to it. */
  readonly last: SharedText;
}

export interface MovedArchiveOptions extends SliceOptions {
  readonly tasks: Pick<FileTasks, 'makeDue'>;
  readonly place: ArchivePlace;
}

/**
 * Milliseconds after a move in which each start looks at all videos: in a rolling restart, an instance that still has the earlier place may
 * have taken the tasks and found the videos there.
 */
const MOVING_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the tasks of all jobs due when the archive is not where it was at the last start: a deleted folder, another bucket. The workers then
 * look for each video and copy those that are missing. The new place is stored last, so a crash repeats it.
 *
 * @throws the signal's reason when it ends this
 */
export async function lookAgainAfterMove(options: MovedArchiveOptions, signal: AbortSignal): Promise<void> {
  const { tasks, place, clock, events } = options;
  const { current, last } = place;
  const startedAt = clock.now();
  const text = await untilStored(() => last.read(), options, signal);
  const [known, movedAt] = text?.split('\n') ?? [];
  const isSame = known === current;
  if (isSame && !(startedAt < Number(movedAt) + MOVING_MS)) return;
  if (text !== null && !isSame) {
    const message =
      'the archive is another one than at the last start: all videos are looked for in it, and those that are missing are copied if the upstream still has them';
    emitFault(events, 'archiver', 'warn', message, { archive: current });
  }
  await inSlices((cursor) => tasks.makeDue(cursor, SLICE, clock.now()), options, signal);
  // Before the first stored place, nothing is known to have moved.
  const next = `${current}\n${text === null ? 0 : startedAt}`;
  // Another instance that was faster has done the same.
  if (!isSame) await untilStored(() => last.replace(text, next), options, signal);
}
