import { forecastUnsent } from '../domain/job/forecast.ts';
import type { Job } from '../domain/job/job.ts';
import { requestFingerprint } from '../domain/request/video-request.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { LeasedJob, SaveOutcome } from '../store/job-store.ts';
import { type TransientError, requestKey } from '../providers/video-upstream.ts';
import { commit, retryWrite } from './commit.ts';
import type { SentOutcome } from './sent-jobs.ts';
import {
  answered,
  callOptions,
  expectedOf,
  type Finding,
  FIRST_LOOK_MS,
  type StepDependencies,
} from './step.ts';

/** What became of marking a job as submitting. */
export interface Marked {
  readonly job: Job;
  readonly outcome: SaveOutcome;
}

/**
 * Marks a job as submitting, and sees to it that no other job with equal inputs adopts its request. From then on nobody
 * else sends it: a poller that finds the mark without a lease looks for the request in the history instead.
 */
export async function markSubmitting(leased: LeasedJob, dependencies: StepDependencies): Promise<Marked> {
  const { job } = leased;
  const { submissions } = dependencies;
  const fingerprint = requestFingerprint(job.request);
  const [marked] = await Promise.all([
    commit(leased, job, { type: 'submit-started' }, { schedule: null }, dependencies),
    retryWrite(() => submissions.begin(fingerprint, job.id), job, dependencies),
  ]);
  if (marked.outcome !== 'saved') await endSubmission(job, null, dependencies);
  return marked;
}

/** Sends a job that was just marked, unless this process has sent it before. */
export async function submitJob(job: Job, dependencies: StepDependencies): Promise<Finding> {
  const { sent, upstream, clock, leaseMs } = dependencies;
  const earlier = sent.get(job.id);
  // The store has lost what it was told: it shows a job as not sent that was.
  if (earlier !== null) return findingOf(job, earlier, dependencies);
  if (clock.now() >= (job.sentAt ?? 0) + leaseMs) {
    // The process stood still after the mark: another poller may have taken the job over.
    return { observation: NOT_SENT, call: 'none' };
  }
  const sentAt = clock.now();
  sent.set(job.id, { type: 'in-progress' });
  const outcome = await upstream.submit(job.request, callOptions(job, dependencies));
  sent.set(job.id, outcome);
  return findingOf(job, outcome, dependencies, sentAt);
}

/** What to do about a job that was marked as submitting by a poller that was lost. */
export function takeOverSubmission(job: Job, dependencies: StepDependencies): Finding {
  // This very process may know the answer, if it could not store it.
  return findingOf(job, dependencies.sent.get(job.id) ?? { type: 'in-progress' }, dependencies);
}

const NOT_SENT: Observation = {
  type: 'submit-not-created',
  waitingFor: 'UPSTREAM_UNAVAILABLE',
  forecast: null,
};
/** Milliseconds for which a refusal that does not say how long closes the call budget at first. */
const USUAL_CLOSURE_MS = 2000;
const LOST_POLLER =
  'The gateway was stopped while it submitted the job. A job may exist upstream and be charged; it is not sent again.';
/** @param sentAt when the POST began, in epoch milliseconds; null: when the job was marked */
function findingOf(
  job: Job,
  outcome: SentOutcome,
  dependencies: StepDependencies,
  sentAt: number | null = null,
): Finding {
  const { hasHistory } = dependencies.upstream;
  switch (outcome.type) {
    case 'in-progress':
      return {
        observation: { type: 'submit-lost', message: LOST_POLLER, sentAt: null },
        call: 'none',
        notes: { mayStillAnswer: true },
        dueInMs: FIRST_LOOK_MS,
      };
    case 'accepted': {
      const { upstreamId } = outcome;
      const expected = expectedOf(job, dependencies);
      return answered({ type: 'submit-accepted', upstreamId, submittedAt: null, expected });
    }
    case 'refused':
      return answered({ type: 'submit-refused', code: outcome.code, message: outcome.message });
    case 'unknown': {
      const { message, apiAnswered, candidateId } = outcome;
      const call = apiAnswered ? 'answered' : 'lost';
      const observation: Observation = hasHistory
        ? { type: 'submit-lost', message, sentAt }
        : { type: 'submit-unknown', message };
      const notes = candidateId === null ? {} : { candidateId };
      return { observation, call, notes, dueInMs: candidateId === null ? FIRST_LOOK_MS : 0 };
    }
    case 'not-created': {
      const notes = { lastError: outcome.reason };
      return { observation: notCreated(job, outcome, dependencies), call: outcome, notes };
    }
  }
}

function notCreated(job: Job, outcome: TransientError, dependencies: StepDependencies): Observation {
  const { rateLimited, retryAfterMs } = outcome;
  if (!rateLimited) return { type: 'submit-not-created', waitingFor: 'UPSTREAM_UNAVAILABLE', forecast: null };
  const waitMs = retryAfterMs ?? USUAL_CLOSURE_MS;
  const forecast = forecastUnsent(expectedOf(job, dependencies), dependencies.clock.now(), waitMs);
  return { type: 'submit-not-created', waitingFor: 'RATE_LIMIT', forecast };
}

/** The job's POST is over; with an id, that request is this job's. */
export async function endSubmission(
  job: Job,
  upstreamId: string | null,
  dependencies: StepDependencies,
): Promise<void> {
  const fingerprint = requestFingerprint(job.request);
  const key = upstreamId === null ? null : requestKey(upstreamId);
  await retryWrite(() => dependencies.submissions.end(fingerprint, job.id, key), job, dependencies);
}
