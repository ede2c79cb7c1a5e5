/** The jobs of a long history: a retention of a week, completed but for a few that failed. */
import { idempotencyShard, newJobId } from '../../src/domain/job/job-id.ts';
import type { Job, JobIn } from '../../src/domain/job/job.ts';
import { completedJob, FAR_AWAY } from '../reelgate/jobs.ts';

const HOUR_MS = 3_600_000;
export const RETENTION_MS = 168 * HOUR_MS;
/** The jobs were created within this time before the measurement. It is shorter than the retention, so that none is purged early. */
const HISTORY_MS = 156 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
const DEADLINE_MS = 3_300_000;
const DURATION_MS = 53_000;
/** One job in this many failed, and another one has the rare word in its prompt. A page of them is full in each history of one owner. */
const RARE = 10_000;
const MIN_RARE_JOBS = 30;
/** Of an owner among many, one job in this many. */
const RARE_OF_MANY = 100;

/** A word of every prompt, a word of few, and a word of none. */
export const WORDS = { common: 'cat', rare: 'axolotl', none: 'zeppelin' };
const ADJECTIVES = ['red', 'small', 'sleepy', 'golden', 'wet', 'proud', 'striped', 'old', 'tiny', 'fluffy'];
const PLACES = ['roof', 'beach', 'kitchen', 'forest', 'harbour', 'meadow', 'station', 'bridge', 'garden'];
const STYLES = ['slow motion', 'golden hour', 'film grain', 'drone shot', 'close-up', 'watercolour', 'noir'];

/** A history of this many jobs. */
export interface History {
  readonly jobs: number;
  readonly owners: number;
  /** The end of the history in epoch milliseconds. */
  readonly endsAt: number;
}

/** A job of the history and how it was created. */
export interface HistoryJob {
  readonly created: JobIn<'accepted'>;
  readonly final: Job;
  /** Null for jobs older than a day, whose keys are no longer valid. */
  readonly idempotencyKey: string | null;
}

/** The owner of the job with this number. */
export function ownerOf(number: number, owners: number): string {
  return `owner-${number % owners}`;
}

/** When the job with this number was created, in epoch milliseconds. */
export function createdAtOf(number: number, { jobs, endsAt }: History): number {
  return Math.round(endsAt - HISTORY_MS * (1 - number / jobs));
}

/** The job with this number, 0 for the oldest. */
export function historyJob(number: number, history: History): HistoryJob {
  const createdAt = createdAtOf(number, history);
  const ownerId = ownerOf(number, history.owners);
  const idempotencyKey = createdAt > history.endsAt - DAY_MS ? `key-${number}` : null;
  const created = acceptedJob(ownerId, createdAt, promptOf(number, history), idempotencyKey);
  const final = isRare(number, history) ? failed(created) : completed(created);
  return { created, final, idempotencyKey };
}

function isRare(number: number, { jobs, owners }: History): boolean {
  const every = owners > 1 ? RARE_OF_MANY : Math.min(RARE, Math.floor(jobs / MIN_RARE_JOBS));
  return Math.floor(number / owners) % every === Math.floor(every / 2);
}

/** A job as `generateVideo` creates it. */
export function acceptedJob(
  ownerId: string,
  createdAt: number,
  prompt: string,
  idempotencyKey: string | null,
): JobIn<'accepted'> {
  const { request, ...sample } = completedJob(0);
  const shard = idempotencyKey === null ? undefined : idempotencyShard(ownerId, idempotencyKey);
  return {
    ...sample,
    id: newJobId(createdAt, crypto.getRandomValues(new Uint8Array(16)), shard),
    ownerId,
    version: 1,
    phase: 'accepted',
    request: { ...request, prompt },
    createdAt,
    updatedAt: createdAt,
    deadlineAt: createdAt + DEADLINE_MS,
    sentAt: null,
    upstreamId: null,
    submittedAt: null,
    startedAt: null,
    finishedAt: null,
    metrics: null,
    video: null,
  };
}

/** A job that waits for its next poll. */
export function queued(job: JobIn<'accepted'>): JobIn<'queued'> {
  return {
    ...job,
    phase: 'queued',
    waitingFor: null,
    version: 2,
    sentAt: job.createdAt,
    upstreamId: upstreamIdOf(job.id),
    submittedAt: job.createdAt,
    deadlineAt: FAR_AWAY,
  };
}

/** The completed version of a job that was created a minute ago. */
export function completed(job: JobIn<'accepted'>): JobIn<'completed'> {
  const { video, metrics } = completedJob(0);
  const finishedAt = job.createdAt + DURATION_MS;
  return {
    ...job,
    phase: 'completed',
    waitingFor: null,
    version: 2,
    updatedAt: finishedAt,
    sentAt: job.createdAt,
    upstreamId: upstreamIdOf(job.id),
    submittedAt: job.createdAt + 250,
    startedAt: job.createdAt + 4000,
    finishedAt,
    metrics,
    video: video === null ? null : { ...video, expiresAt: job.createdAt + RETENTION_MS },
  };
}

function failed(job: JobIn<'accepted'>): JobIn<'failed'> {
  const { metrics, startedAt, submittedAt, upstreamId, finishedAt, updatedAt } = completed(job);
  return {
    ...job,
    phase: 'failed',
    version: 2,
    updatedAt,
    sentAt: job.createdAt,
    upstreamId,
    submittedAt,
    startedAt,
    finishedAt,
    metrics,
    failure: {
      code: 'GENERATION_FAILED',
      message: 'The prompt was blocked by the content filter.',
      retryable: false,
      charged: 'UNKNOWN',
    },
  };
}

function promptOf(number: number, history: History): string {
  const pick = (words: readonly string[], step: number) => words[Math.floor(number / step) % words.length];
  const animal = isRare(number + history.owners, history)
    ? `${WORDS.common} with an ${WORDS.rare}`
    : WORDS.common;
  return `a ${pick(ADJECTIVES, 1)} ${animal} jumps over a sleeping dog, ${pick(PLACES, 10)}, ${pick(STYLES, 90)}, take ${number}`;
}

function upstreamIdOf(id: string): string {
  return id.slice('vj_'.length).replaceAll('-', '');
}
