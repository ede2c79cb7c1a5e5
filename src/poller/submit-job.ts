import { type Forecast, forecastUnsent } from '../domain/job/forecast.ts';
import type { Job, JobIn, SubmissionWait } from '../domain/job/job.ts';
import type { Observation } from '../domain/job/observation.ts';
import { MAX_RETRY_AFTER_MS } from '../domain/polling/call-budget-rules.ts';
import { requestFingerprint } from '../domain/request/video-request.ts';
import { requestKey, type TransientError } from '../providers/video-upstream.ts';
import { commit, type Committed, retryWrite } from './commit.ts';
import {
  answered,
  callOptions,
  expectedOf,
  type Finding,
  FIRST_SEARCH_MS,
  type Leased,
  type SentOutcome,
  type StepDependencies,
} from './step.ts';

/** Milliseconds for which a 429 without Retry-After closes the call budget at first. */
const DEFAULT_CLOSURE_MS = 2000;
const LOST_POLLER =
  'The gateway was stopped while it submitted the job. A job may exist upstream, so it is not sent again.';

/**
 * Marks a job as submitting, and prevents that another job with equal inputs adopts its request. After that no other poller sends
 * the job: a poller that leases a job in this phase searches the history for the request instead.
 */
export async function markSubmitting(
  leased: Leased<'accepted'>,
  dependencies: StepDependencies,
): Promise<Committed> {
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
export async function submitJob(job: JobIn<'submitting'>, dependencies: StepDependencies): Promise<Finding> {
  const { sent, upstream, clock, leaseMs } = dependencies;
  const earlier = sent.get(job.id);
  // The store has lost writes: it shows a sent job as not sent.
  if (earlier !== undefined) return findingOf(job, earlier, dependencies);
  const sentAt = clock.now();
  const isTooLate = job.startBefore !== null && sentAt >= job.startBefore;
  // The process was frozen after the mark, so another poller may have leased the job.
  const isOverdue = sentAt >= job.sentAt + leaseMs;
  if (isTooLate || isOverdue) {
    return { observation: notCreated('UPSTREAM_UNAVAILABLE'), call: 'none' };
  }
  sent.set(job.id, { type: 'in-progress' });
  const outcome = await upstream.submit(job.request, callOptions(job, dependencies));
  if (outcome.type === 'not-created') sent.delete(job.id);
  else sent.set(job.id, outcome);
  return findingOf(job, outcome, dependencies, sentAt);
}

/** Takes over a job whose poller stopped during the submission. */
export function takeOverSubmission(job: JobIn<'submitting'>, dependencies: StepDependencies): Finding {
  // This process has the answer if it could not store it.
  return findingOf(job, dependencies.sent.get(job.id) ?? { type: 'in-progress' }, dependencies);
}

/** @param sentAt when the POST began, in epoch milliseconds; null: when the job was marked */
function findingOf(
  job: Job,
  outcome: SentOutcome,
  dependencies: StepDependencies,
  sentAt: number | null = null,
): Finding {
  switch (outcome.type) {
    case 'in-progress':
      return {
        observation: { type: 'submit-lost', message: LOST_POLLER, sentAt: null },
        call: 'none',
        notes: { mayStillAnswer: true },
        nextInMs: FIRST_SEARCH_MS,
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
      const observation: Observation = dependencies.upstream.hasHistory
        ? { type: 'submit-lost', message, sentAt }
        : { type: 'submit-unknown', message };
      const notes = candidateId === null ? {} : { candidateId };
      return { observation, call, notes, nextInMs: candidateId === null ? FIRST_SEARCH_MS : 0 };
    }
    case 'not-created': {
      const observation = outcome.rateLimited
        ? rateLimited(job, outcome, dependencies)
        : notCreated('UPSTREAM_UNAVAILABLE');
      return { observation, call: outcome, notes: { lastError: outcome.reason } };
    }
  }
}

function rateLimited(
  job: Job,
  { retryAfterMs }: TransientError,
  dependencies: StepDependencies,
): Observation {
  const expected = expectedOf(job, dependencies);
  const waitMs = Math.min(retryAfterMs ?? DEFAULT_CLOSURE_MS, MAX_RETRY_AFTER_MS);
  return notCreated('RATE_LIMIT', forecastUnsent(expected, dependencies.clock.now(), waitMs));
}

function notCreated(waitingFor: SubmissionWait, forecast: Forecast | null = null): Observation {
  return { type: 'submit-not-created', waitingFor, forecast };
}

/** Records the end of the job's POST. With an id, that request belongs to this job. */
export async function endSubmission(
  job: Job,
  upstreamId: string | null,
  dependencies: StepDependencies,
): Promise<void> {
  const fingerprint = requestFingerprint(job.request);
  const key = upstreamId === null ? null : requestKey(upstreamId);
  await retryWrite(() => dependencies.submissions.end(fingerprint, job.id, key), job, dependencies);
}
