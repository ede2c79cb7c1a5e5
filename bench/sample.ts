/**
 * The schema, documents and data of all contestants. This file imports nothing, so that the peers, which have their own packages,
 * can use it.
 */

/** Twelve fields and the nested video. */
const FIELDS = `id version status isTerminal createdAt submittedAt startedAt finishedAt progress estimatedCompletionAt
    upstreamRequestId failure { code } video { url contentType byteLength expiresAt }`;

export const QUERY = `query Job($id: ID!) {
  videoJob(id: $id) {
    ${FIELDS}
  }
}`;

export const SUBSCRIPTION = `subscription Watch($id: ID!) {
  videoJobUpdated(id: $id) {
    ${FIELDS}
  }
}`;

/** The first version. All versions have the same number of digits. */
export const FIRST_VERSION = 1_000_000;
/** The time of acceptance in epoch milliseconds. */
export const ACCEPTED_AT = Date.UTC(2026, 0, 31, 12);
/** Milliseconds from acceptance to each later step. */
export const STEPS = { submitted: 250, started: 4000, finished: 53_000, expires: 604_800_250 };
export const VIDEO = {
  url: 'https://files.example.com/videos/2b1f6c1e-5a43-4c1c-9d3a-6a8a3f1c7e55.mp4',
  contentType: 'video/mp4',
  byteLength: 1_482_113,
};

/** A job in a response. */
export interface JobState {
  readonly id: string;
  readonly version: number;
  readonly status: 'PROCESSING' | 'COMPLETED';
  readonly isTerminal: boolean;
  readonly createdAt: string;
  readonly submittedAt: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly progress: number;
  readonly estimatedCompletionAt: string | null;
  readonly upstreamRequestId: string;
  readonly failure: null;
  readonly video: (typeof VIDEO & { readonly expiresAt: string }) | null;
}

const ids: string[] = [];
const upstreamIds: string[] = [];

/** The id of the job with this number. */
export function jobIdOf(number: number): string {
  return (ids[number] ??= flattened(`vj_019c13f5-8c00-7000-8000-${digitsOf(number)}`));
}

/** The upstream's id of the job with this number. */
export function upstreamIdOf(number: number): string {
  return (upstreamIds[number] ??= flattened(`up-${digitsOf(number)}`));
}

function digitsOf(number: number): string {
  return number.toString(16).padStart(12, '0');
}

/** Flattens a concatenated string, like one that was read from a socket. V8 needs three times as long to serialise a concatenated one. */
function flattened(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A job in progress. */
export function runningState(number: number, version: number): JobState {
  return {
    id: jobIdOf(number),
    version,
    status: 'PROCESSING',
    isTerminal: false,
    createdAt: CREATED,
    submittedAt: SUBMITTED,
    startedAt: STARTED,
    finishedAt: null,
    progress: 0,
    estimatedCompletionAt: null,
    upstreamRequestId: upstreamIdOf(number),
    failure: null,
    video: null,
  };
}

/** A completed job. */
export function completedState(number: number): JobState {
  return {
    ...runningState(number, FIRST_VERSION),
    status: 'COMPLETED',
    isTerminal: true,
    finishedAt: iso(STEPS.finished),
    progress: 1,
    video: { ...VIDEO, expiresAt: iso(STEPS.expires) },
  };
}

const CREATED = iso(0);
const SUBMITTED = iso(STEPS.submitted);
const STARTED = iso(STEPS.started);

function iso(afterMs: number): string {
  return new Date(ACCEPTED_AT + afterMs).toISOString();
}
