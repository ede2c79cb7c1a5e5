import type { VideoJob } from '../../types.ts';
import type { Terminal } from '../terminal.ts';
import { createProgressBar } from './progress-bar.ts';
import { createProgressLines } from './progress-lines.ts';

/** Shows how far a request is. */
export interface Progress {
  /** The sent share of the image, from 0 to 1. */
  uploaded(share: number): void;
  /** The received share of the video, from 0 to 1; null when the size is unknown. */
  saved(share: number | null): void;
  /** A newer state of the job. */
  job(job: VideoJob): void;
  /** A message in between, such as a lost connection. */
  readonly note: (text: string) => void;
  /** Removes what would be in the way of the following output. */
  end(): void;
}

const NONE: Progress = { uploaded() {}, saved() {}, job() {}, note() {}, end() {} };

/** A bar on a terminal, lines elsewhere, nothing when the command is quiet. */
export function createProgress(terminal: Terminal): Progress {
  if (terminal.quiet) return NONE;
  return terminal.err.isTTY === true
    ? createProgressBar(terminal.err, Date.now)
    : createProgressLines(terminal.err);
}
