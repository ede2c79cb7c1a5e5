import type { VideoJob, VideoJobWait } from '@reelgate/client';
import type { QueuePlace } from './queue-place.ts';
import { duration } from './times.ts';

/** Below this many milliseconds an expected time is not counted down. */
const ANY_MOMENT_MS = 500;

const WAIT_TEXTS: Readonly<Record<VideoJobWait, string>> = {
  RATE_LIMIT: 'waiting for the rate limit',
  UPSTREAM_QUEUE: 'waiting for the model',
  UPSTREAM_UNAVAILABLE: 'waiting until the model can be reached',
  SUBMISSION_CHECK: 'checking whether the model received the request',
};

/**
 * What an unfinished job waits for, and when it starts or ends, in words.
 *
 * @param place among the caller's own waiting jobs; null: unknown
 * @param now epoch milliseconds
 */
export function waitText(
  job: Pick<VideoJob, 'status' | 'waitingFor' | 'estimatedSubmissionAt' | 'estimatedCompletionAt'>,
  place: QueuePlace | null,
  now: number,
): string {
  const { status, waitingFor, estimatedSubmissionAt, estimatedCompletionAt } = job;
  const end = estimatedCompletionAt === null ? null : timeLeft(Date.parse(estimatedCompletionAt) - now);
  if (status !== 'QUEUED') return end ?? 'the model works on it';
  const reason = WAIT_TEXTS[waitingFor ?? 'UPSTREAM_QUEUE'];
  const wait = place === null ? reason : `${reason}: ${ordinal(place.place)} of your ${place.of}`;
  const time = estimatedSubmissionAt === null ? end : timeToStart(Date.parse(estimatedSubmissionAt) - now);
  return time === null ? wait : `${wait}, ${time}`;
}

/**
 * The same with the elapsed time. A job that waits to be sent has none: its text is long, and a narrow card has room for two lines.
 *
 * @param now epoch milliseconds
 */
export function progressText(
  job: Pick<VideoJob, 'waitingFor' | 'createdAt'>,
  text: string,
  now: number,
): string {
  const isUnsent = job.waitingFor === 'RATE_LIMIT' || job.waitingFor === 'UPSTREAM_UNAVAILABLE';
  if (isUnsent) return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return `${duration(now - Date.parse(job.createdAt))} so far, ${text}`;
}

function timeToStart(ms: number): string {
  return ms > ANY_MOMENT_MS ? `starts in about ${duration(ms)}` : 'starts any moment now';
}

function timeLeft(ms: number): string {
  return ms > ANY_MOMENT_MS ? `about ${duration(ms)} left` : 'any moment now';
}

const SUFFIXES: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: 'st', two: 'nd', few: 'rd' };
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

function ordinal(value: number): string {
  return `${value}${SUFFIXES[ordinals.select(value)] ?? 'th'}`;
}
