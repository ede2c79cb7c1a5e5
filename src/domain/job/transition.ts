/**
 * The life of a job.
 *
 *     accepted ──> submitting ──────> queued ──> processing ──> collecting ──> completed
 *        ^          │      │            ^ └───────────┴──────────────┴───────> failed
 *        │          │   settling ───────┘
 *        └─ not created ──┘
 *
 * A job is stored as `accepted` before its caller gets an answer, and as `submitting` before the one POST that may create and
 * bill a job upstream. From `submitting` it goes back only when that POST is known to have created nothing. When the answer
 * to the POST was lost, the job is `settling` while the poller searches the upstream's request history for it. Without a
 * history, or when nothing is found, it fails as SUBMISSION_UNKNOWN, because a second POST could be a second bill. An
 * answer that arrives late, while another poller is already searching, counts as if it had come in time.
 *
 * Observations of the upstream move a job forward only. Phases may be skipped: a job can be COMPLETED at the first poll. An
 * observation of an earlier phase changes nothing. `collecting` means that the upstream is done and the video still has to be
 * fetched. Every phase except the two final ones ends when the deadline passes. Only an accepted job ends when it is canceled, or by
 * its start deadline: nothing was made of it. `docs/invariants.md` lists the invariants.
 */
import { isFinal, type Job, type JobPhase, type JobsByPhase } from './job.ts';
import type { Observation, ObservationsByType, ObservationType } from './observation.ts';
import {
  cancel,
  collect,
  complete,
  expire,
  failGeneration,
  failWithoutVideo,
  giveUpSubmission,
  ignore,
  passDeadline,
  passStartDeadline,
  process,
  queue,
  refuse,
  returnToAccepted,
  settle,
  submit,
  wait,
} from './transition-rules.ts';

/** The rule for each observation in each phase. The compiler requires all cells. */
type TransitionTable = { readonly [P in JobPhase]: TransitionRow<P> };

type TransitionRow<P extends JobPhase> = {
  readonly [T in ObservationType]: (
    job: JobsByPhase[P],
    observation: ObservationsByType[T],
    at: number,
  ) => Job;
};

const FINAL = {
  'submission-waits': ignore,
  canceled: ignore,
  'start-deadline-passed': ignore,
  'submit-started': ignore,
  'submit-not-created': ignore,
  'submit-refused': ignore,
  'submit-lost': ignore,
  'submit-unknown': ignore,
  'submit-accepted': ignore,
  'upstream-processing': ignore,
  'upstream-completed': ignore,
  'upstream-failed': ignore,
  'upstream-has-no-video': ignore,
  'upstream-not-found': ignore,
  'video-collected': ignore,
  'deadline-passed': ignore,
};

const TABLE: TransitionTable = {
  accepted: {
    'submission-waits': wait,
    canceled: cancel,
    'start-deadline-passed': passStartDeadline,
    'submit-started': submit,
    'submit-not-created': ignore,
    'submit-refused': ignore,
    'submit-lost': ignore,
    'submit-unknown': ignore,
    'submit-accepted': ignore,
    'upstream-processing': ignore,
    'upstream-completed': ignore,
    'upstream-failed': ignore,
    'upstream-has-no-video': ignore,
    'upstream-not-found': ignore,
    'video-collected': ignore,
    'deadline-passed': passDeadline,
  },
  submitting: {
    'submission-waits': ignore,
    canceled: ignore,
    'start-deadline-passed': ignore,
    'submit-started': ignore,
    'submit-not-created': returnToAccepted,
    'submit-refused': refuse,
    'submit-lost': settle,
    'submit-unknown': giveUpSubmission,
    'submit-accepted': queue,
    'upstream-processing': ignore,
    'upstream-completed': ignore,
    'upstream-failed': ignore,
    'upstream-has-no-video': ignore,
    'upstream-not-found': ignore,
    'video-collected': ignore,
    'deadline-passed': passDeadline,
  },
  settling: {
    'submission-waits': ignore,
    canceled: ignore,
    'start-deadline-passed': ignore,
    'submit-started': ignore,
    'submit-not-created': returnToAccepted,
    'submit-refused': refuse,
    'submit-lost': ignore,
    'submit-unknown': giveUpSubmission,
    'submit-accepted': queue,
    'upstream-processing': ignore,
    'upstream-completed': ignore,
    'upstream-failed': ignore,
    'upstream-has-no-video': ignore,
    'upstream-not-found': ignore,
    'video-collected': ignore,
    'deadline-passed': passDeadline,
  },
  queued: {
    'submission-waits': ignore,
    canceled: ignore,
    'start-deadline-passed': ignore,
    'submit-started': ignore,
    'submit-not-created': ignore,
    'submit-refused': ignore,
    'submit-lost': ignore,
    'submit-unknown': ignore,
    'submit-accepted': ignore,
    'upstream-processing': process,
    'upstream-completed': collect,
    'upstream-failed': failGeneration,
    'upstream-has-no-video': failWithoutVideo,
    'upstream-not-found': expire,
    'video-collected': complete,
    'deadline-passed': passDeadline,
  },
  processing: {
    'submission-waits': ignore,
    canceled: ignore,
    'start-deadline-passed': ignore,
    'submit-started': ignore,
    'submit-not-created': ignore,
    'submit-refused': ignore,
    'submit-lost': ignore,
    'submit-unknown': ignore,
    'submit-accepted': ignore,
    'upstream-processing': ignore,
    'upstream-completed': collect,
    'upstream-failed': failGeneration,
    'upstream-has-no-video': failWithoutVideo,
    'upstream-not-found': expire,
    'video-collected': complete,
    'deadline-passed': passDeadline,
  },
  collecting: {
    'submission-waits': ignore,
    canceled: ignore,
    'start-deadline-passed': ignore,
    'submit-started': ignore,
    'submit-not-created': ignore,
    'submit-refused': ignore,
    'submit-lost': ignore,
    'submit-unknown': ignore,
    'submit-accepted': ignore,
    'upstream-processing': ignore,
    'upstream-completed': ignore,
    'upstream-failed': failGeneration,
    'upstream-has-no-video': failWithoutVideo,
    'upstream-not-found': expire,
    'video-collected': complete,
    'deadline-passed': passDeadline,
  },
  completed: FINAL,
  failed: FINAL,
};

/**
 * Makes the next version of a job. No other function does.
 *
 * @param now epoch milliseconds; after a clock was set back, `updatedAt` of the job is used
 * @returns the next version, or `job` itself when the observation changes nothing. Never throws.
 */
export function transition(job: Job, observation: Observation, now: number): Job {
  if (isFinal(job)) return job;
  const at = Math.max(now, job.updatedAt);
  const next = applyRule(job.phase, observation.type, job, observation, at);
  return next === job ? job : { ...next, version: job.version + 1, updatedAt: at };
}

/** The compiler relates the four arguments by the type parameters. */
function applyRule<P extends JobPhase, T extends ObservationType>(
  phase: P,
  type: T,
  job: JobsByPhase[P],
  observation: ObservationsByType[T],
  at: number,
): Job {
  const row: TransitionRow<P> = TABLE[phase];
  return row[type](job, observation, at);
}
