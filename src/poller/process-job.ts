import { backoffMs } from '../domain/polling/backoff.ts';
import { MAX_RETRY_AFTER_MS } from '../domain/polling/call-budget.ts';
import type { DurationSample } from '../domain/polling/duration-model.ts';
import type { Job } from '../domain/job/job.ts';
import { NO_NOTES } from '../domain/job/poll-notes.ts';
import { nextPollDelayMs } from '../domain/polling/poll-plan.ts';
import type { Observation } from '../domain/job/observation.ts';
import { transition } from '../domain/job/transition.ts';
import type { LeasedJob, SaveOutcome, Schedule } from '../store/job-store.ts';
import { commit, retryWrite } from './commit.ts';
import { lookUpJob } from './look-up-job.ts';
import { collectVideo, pollJob } from './poll-job.ts';
import { settleJob } from './settle-job.ts';
import { type CallReport, expectedOf, type Finding, LAST_CALL_MS, type StepDependencies } from './step.ts';
import { endSubmission, markSubmitting, submitJob, takeOverSubmission } from './submit-job.ts';

/** What a step did, for the log and the call budget. */
export interface StepReport {
  /** The job as it stands after the step. */
  readonly job: Job;
  /** Whether what the step learned is stored. */
  readonly outcome: SaveOutcome;
  /** How the step's upstream call went. */
  readonly call: CallReport;
  /** What it showed of how long jobs take. */
  readonly learned: readonly DurationSample[];
}

/** A job that is short has its last call sooner before its deadline: within this share of its time. */
const LAST_CALL_SHARE = 0.1;
/** How often the last call of a job past its deadline waits for the call budget, and how long at most. */
const MAX_DEFERRALS = 20;
const MAX_DEFERRAL_MS = 30_000;
/** Milliseconds between polls of a job of which the clock does not tell how old it is, or that is past its deadline. */
const OVERDUE_PAUSE_MS = 5000;
/** A job that is found so long after its deadline was without a poller before. */
const LATE_MS = 5000;

/**
 * Moves one leased job by one step, with at most one upstream call: submits it, polls it, looks for it in the request
 * history or fetches its video, or ends it when its deadline has passed; stores what was learned, and gives the job back
 * with the time of its next step.
 *
 * @throws StoreUnavailableError when the store fails until the job's deadline; the job is taken up again after its lease
 */
export async function processJob(leased: LeasedJob, dependencies: StepDependencies): Promise<StepReport> {
  const { job } = leased;
  if (job.phase === 'accepted' && dependencies.clock.now() < job.deadlineAt) {
    const marked = await markSubmitting(leased, dependencies);
    if (marked.outcome !== 'saved') return { ...marked, call: 'none', learned: [] };
    const finding = await submitJob(marked.job, dependencies);
    return finishSubmission(leased, marked.job, finding, dependencies);
  }
  if (job.phase === 'submitting') {
    return finishSubmission(leased, job, takeOverSubmission(job, dependencies), dependencies);
  }
  return finish(leased, job, await findOut(leased, dependencies), dependencies);
}

async function finishSubmission(
  leased: LeasedJob,
  job: Job,
  finding: Finding,
  dependencies: StepDependencies,
): Promise<StepReport> {
  const { observation } = finding;
  const upstreamId = observation?.type === 'submit-accepted' ? observation.upstreamId : null;
  const [report] = await Promise.all([
    finish(leased, job, finding, dependencies),
    endSubmission(job, upstreamId, dependencies),
  ]);
  return report;
}

async function findOut(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const isOver = dependencies.clock.now() >= job.deadlineAt;
  // What the upstream may have made is asked about once more.
  const mayExist = job.upstreamId !== null || job.phase === 'settling';
  if (isOver && !mayExist) return ended(leased);
  if (isOver && notes.lastCallMade === true) return finalLookUp(leased, dependencies);
  if (isOver) return lastCall(leased, dependencies);
  return call(leased, dependencies);
}

function call(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  switch (leased.job.phase) {
    case 'settling':
      return settleJob(leased, dependencies);
    case 'collecting':
      return collectVideo(leased, dependencies);
    case 'accepted':
    case 'submitting':
    case 'queued':
    case 'processing':
    case 'completed':
    case 'failed':
      return pollJob(leased, dependencies);
  }
}

/**
 * A job past its deadline that was not asked about shortly before it, because the gateway was away or the video is still
 * to be fetched, gets one more call: it may be done, and was paid for.
 */
async function lastCall(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { granted, waitMs } = await dependencies.reserveCall();
  const { lastCallDeferrals = 0 } = notes;
  // Otherwise it had its chance, and the calls that there were went to others.
  const mayWait =
    job.phase === 'collecting' ||
    job.phase === 'settling' ||
    dependencies.clock.now() > job.deadlineAt + LATE_MS;
  if (!granted && (!mayWait || lastCallDeferrals >= MAX_DEFERRALS)) return ended(leased);
  if (!granted) {
    const later = { ...notes, lastCallDeferrals: lastCallDeferrals + 1 };
    return { observation: null, call: 'none', notes: later, dueInMs: Math.min(waitMs, MAX_DEFERRAL_MS) };
  }
  const finding = await call(leased, dependencies);
  if (finding.observation?.type === 'upstream-processing') {
    return { ...finding, dueInMs: OVERDUE_PAUSE_MS };
  }
  if (finding.observation !== null) return finding;
  // A look into the history takes more than one call.
  if (job.phase === 'settling' && finding.dueInMs === 0) return finding;
  // The history is asked next.
  if (job.upstreamId !== null && dependencies.upstream.hasHistory) return { ...finding, dueInMs: 0 };
  return { ...ended({ ...leased, notes: finding.notes ?? notes }), call: finding.call };
}

/** Before a job that the upstream has taken ends by its deadline, the request history tells whether there is a video. */
async function finalLookUp(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const isKnown = job.upstreamId !== null && dependencies.upstream.hasHistory;
  if (!isKnown || !(await dependencies.reserveCall()).granted) return ended(leased);
  const end: Observation = { type: 'deadline-passed', lastError: notes.lastError ?? null };
  const finding = await lookUpJob(job, notes, () => end, dependencies);
  return finding.observation === null ? ended(leased) : finding;
}

function ended({ notes }: Pick<LeasedJob, 'notes'>): Finding {
  return {
    observation: { type: 'deadline-passed', lastError: notes.lastError ?? null },
    call: 'none',
  };
}

/** Stores what was learned, or gives the job back when there was nothing to store. */
async function finish(
  leased: LeasedJob,
  before: Job,
  finding: Finding,
  dependencies: StepDependencies,
): Promise<StepReport> {
  const { observation, call: report, videoData, learned = [] } = finding;
  dependencies.onCallsOver();
  const schedule = (job: Job): Schedule => nextSchedule(leased, before, job, finding, dependencies);
  const isNews = observation !== null && transition(before, observation, dependencies.clock.now()) !== before;
  if (!isNews) {
    await retryWrite(() => dependencies.store.release(leased, schedule(before)), before, dependencies);
    return { job: before, outcome: 'saved', call: report, learned };
  }
  const { job, outcome } = await commit(leased, before, observation, { schedule, videoData }, dependencies);
  // What was seen of a job that another poller has is learned by that one.
  return { job, outcome, call: report, learned: outcome === 'saved' ? learned : [] };
}

function nextSchedule(
  leased: LeasedJob,
  before: Job,
  job: Job,
  finding: Finding,
  dependencies: StepDependencies,
): Schedule {
  const isFailure = finding.isFailure ?? typeof finding.call === 'object';
  const failureCount = isFailure ? leased.failureCount + 1 : 0;
  const lastSeenAt = finding.lastPolledAt ?? leased.lastPolledAt ?? job.submittedAt;
  // A time that is still to come was kept by a clock that was wrong.
  const lastPolledAt = lastSeenAt === null ? null : Math.min(lastSeenAt, dependencies.clock.now());
  const runAt = nextStepAt(job, lastPolledAt, failureCount, finding, dependencies);
  // What was noted of one phase says nothing about the next.
  const isNewPhase = job.phase !== before.phase && job.submittedAt !== null;
  if (isNewPhase) return { runAt, failureCount, lastPolledAt, notes: NO_NOTES };
  const notes = finding.notes ?? NO_NOTES;
  const isDeferred = (notes.lastCallDeferrals ?? 0) > (leased.notes.lastCallDeferrals ?? 0);
  const isLastCall = job.upstreamId !== null && dependencies.clock.now() >= lastCallAt(job) && !isDeferred;
  return { runAt, failureCount, lastPolledAt, notes: isLastCall ? { ...notes, lastCallMade: true } : notes };
}

/** When the job is due next, in epoch milliseconds; once shortly before its deadline, and then at its deadline. */
function nextStepAt(
  job: Job,
  lastPolledAt: number | null,
  failureCount: number,
  finding: Finding,
  dependencies: StepDependencies,
): number {
  const { clock, random } = dependencies;
  const now = clock.now();
  const stepAt = (): number => {
    const { call: report, dueInMs } = finding;
    if (dueInMs !== undefined) return now + dueInMs;
    if (typeof report === 'object') {
      return now + backoffMs(failureCount, random(), Math.min(report.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
    }
    if (failureCount > 0) return now + backoffMs(failureCount, random());
    const { submittedAt, startedAt } = job;
    if (job.phase === 'collecting' || submittedAt === null) return now;
    if (submittedAt > now) return now + OVERDUE_PAUSE_MS;
    const running = { submittedAt, startedAt, lastPolledAt: lastPolledAt ?? submittedAt };
    return running.lastPolledAt + nextPollDelayMs(running, expectedOf(job, dependencies), random());
  };
  const at = Math.max(now, stepAt());
  if (now >= job.deadlineAt) return at;
  const end = job.upstreamId !== null && now < lastCallAt(job) ? lastCallAt(job) : job.deadlineAt;
  return Math.min(at, end);
}

/** When a job that the upstream has taken is polled for the last time. */
function lastCallAt(job: Job): number {
  return job.deadlineAt - Math.min(LAST_CALL_MS, LAST_CALL_SHARE * (job.deadlineAt - job.createdAt));
}
