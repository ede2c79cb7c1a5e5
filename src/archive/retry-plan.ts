import type { Job } from '../domain/job/job.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import type { FileFaultError } from './download/download.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** From this failure on, the pauses grow beyond those of `backoffMs`. */
const LONG_PAUSES_FROM = 7;
const LONGEST_PAUSE_MS = 30 * MINUTE_MS;
/** Failures with quick tries before a lasting fault counts as one: a new file may be missing at first, and a CDN may show an error page. */
const QUICK_TRIES = 4;
const LASTING_PAUSE_MS = 2 * HOUR_MS;
/** Milliseconds after the end of a job for which its video is tried at least. */
const LEAST_TIME_MS = 12 * HOUR_MS;

/** When a video is tried again. */
export interface Retry {
  /** Milliseconds. Null: the upstream no longer keeps the file, so there is no other try. */
  readonly pauseMs: number | null;
  /** Whether an operator should know: the video will probably not be archived. */
  readonly isSerious: boolean;
}

/**
 * Plans the next try after a failure. The pauses grow up to half an hour. Where the file itself is the problem they are hours, after some
 * quick tries. The tries end when the upstream no longer keeps the file.
 *
 * @param failures in a row, including this one
 * @param random from 0 to 1
 */
export function planRetry(
  { video, finishedAt, updatedAt }: Pick<Job, 'video' | 'finishedAt' | 'updatedAt'>,
  kind: FileFaultError['kind'],
  failures: number,
  now: number,
  random: number,
): Retry {
  const isLasting = kind === 'lasting' && failures >= QUICK_TRIES;
  const pauseMs = isLasting ? LASTING_PAUSE_MS * (1 - random / 4) : growingPauseMs(failures, random);
  const keptUntil = Math.max(video?.expiresAt ?? 0, (finishedAt ?? updatedAt) + LEAST_TIME_MS);
  const isLast = now + pauseMs > keptUntil;
  return { pauseMs: isLast ? null : Math.round(pauseMs), isSerious: isLasting || isLast };
}

function growingPauseMs(failures: number, random: number): number {
  if (failures < LONG_PAUSES_FROM) return backoffMs(failures, random);
  const full = MINUTE_MS * 2 ** Math.min(failures - LONG_PAUSES_FROM + 1, 10);
  return Math.min(LONGEST_PAUSE_MS, full) * (1 - random / 2);
}
