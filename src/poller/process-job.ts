import { forcedEndAt, type Job, type JobIn } from '../domain/job/job.ts';
import type { ObservationsByType } from '../domain/job/observation.ts';
import { NO_NOTES, type PollNotes } from '../domain/job/poll-notes.ts';
import { transition } from '../domain/job/transition.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import { MAX_RETRY_AFTER_MS } from '../domain/polling/call-budget-rules.ts';
import type { DurationSample } from '../domain/polling/duration-model.ts';
import { nextPollDelayMs } from '../domain/polling/poll-plan.ts';
import type { PollFacts } from '../events/job-changes.ts';
import type { LeasedJob, SaveOutcome, Schedule } from '../store/job-store.ts';
import { commit, retryWrite } from './commit.ts';
import { lookUpJob } from './look-up-job.ts';
import { collectVideo, pollJob } from './poll-job.ts';
import { settleJob } from './settle-job.ts';
import {
  type CallReport,
  expectedOf,
  type Finding,
  LAST_CALL_MS,
  type Leased,
  type PhaseAtUpstream,
  type StepDependencies,
} from './step.ts';
import { endSubmission, markSubmitting, submitJob, takeOverSubmission } from './submit-job.ts';

/** The result of a step, for its event and the call budget. */
export interface StepReport {
  /** The job after the step. */
  readonly job: Job;
  /** Whether the step's result is stored. */
  readonly outcome: SaveOutcome;
  readonly call: CallReport;
  readonly learned: readonly DurationSample[];
}

/** The phases in which the upstream has the job, or may have it. */
type SentPhase = 'settling' | PhaseAtUpstream;

/** The last call of a job with a short deadline is made within this share of its time. */
const LAST_CALL_SHARE = 0.1;
/** The number of times that the last call of a job past its deadline waits for the call budget, and the longest of these waits. */
const MAX_DEFERRALS = 20;
const MAX_DEFERRAL_MS = 30_000;
/** Milliseconds between polls of a job that is past its deadline, or whose times are in the future. */
const OVERDUE_PAUSE_MS = 5000;
/** A job that is leased later than this after its deadline had no poller before. */
const LATE_MS = 5000;

/**
 * Moves one leased job by one step, with at most one upstream call: submits it, polls it, searches it in the request history,
 * fetches its video, or ends it after its deadline. Stores the result and releases the job with the time of its next step.
 *
 * @throws StoreUnavailableError when the store fails until the job's deadline; the job is leased again after its lease
 */
export async function processJob(leased: LeasedJob, dependencies: StepDependencies): Promise<StepReport> {
  const { job } = leased;
  switch (job.phase) {
    case 'accepted':
      return dependencies.clock.now() < forcedEndAt(job)
        ? submit({ ...leased, job }, dependencies)
        : finish(leased, job, endUnsent({ ...leased, job }), dependencies);
    case 'submitting':
      return finishSubmission(leased, job, takeOverSubmission(job, dependencies), dependencies);
    case 'settling':
    case 'queued':
    case 'processing':
    case 'collecting':
      return finish(leased, job, await pollOrEnd({ ...leased, job }, dependencies), dependencies);
    case 'completed':
    case 'failed':
      throw new Error(`Job ${job.id} is ${job.phase} and was leased. Final jobs have no schedule.`);
  }
}

async function submit(leased: Leased<'accepted'>, dependencies: StepDependencies): Promise<StepReport> {
  const marked = await markSubmitting(leased, dependencies);
  const { job, outcome } = marked;
  if (outcome !== 'saved' || job.phase !== 'submitting') return { ...marked, call: 'none', learned: [] };
  return finishSubmission(leased, job, await submitJob(job, dependencies), dependencies);
}

async function finishSubmission(
  leased: LeasedJob,
  job: JobIn<'submitting'>,
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

async function pollOrEnd(leased: Leased<SentPhase>, dependencies: StepDependencies): Promise<Finding> {
  if (dependencies.clock.now() < leased.job.deadlineAt) return poll(leased, dependencies);
  return leased.notes.lastCallMade === true
    ? finalLookUp(leased, dependencies)
    : lastCall(leased, dependencies);
}

function poll(leased: Leased<SentPhase>, dependencies: StepDependencies): Promise<Finding> {
  const { job } = leased;
  switch (job.phase) {
    case 'settling':
      return settleJob({ ...leased, job }, dependencies);
    case 'queued':
    case 'processing':
      return pollJob({ ...leased, job }, dependencies);
    case 'collecting':
      return collectVideo({ ...leased, job }, dependencies);
  }
}

/**
 * Makes one more call for a job past its deadline that was not polled shortly before, because the gateway was stopped or the
 * video is not fetched yet. The job may be done, and was paid for.
 */
async function lastCall(leased: Leased<SentPhase>, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { granted, waitMs } = await dependencies.reserveCall();
  if (!granted) {
    const { lastCallDeferrals = 0 } = notes;
    // Other jobs do not wait: they were due before their deadline, and the budget was spent on jobs with a higher priority.
    const mayWait =
      job.phase === 'collecting' ||
      job.phase === 'settling' ||
      dependencies.clock.now() > job.deadlineAt + LATE_MS;
    if (!mayWait || lastCallDeferrals >= MAX_DEFERRALS) return passDeadline(notes);
    const later = { ...notes, lastCallDeferrals: lastCallDeferrals + 1 };
    return { observation: null, call: 'none', notes: later, nextInMs: Math.min(waitMs, MAX_DEFERRAL_MS) };
  }
  const finding = await poll(leased, dependencies);
  if (finding.observation?.type === 'upstream-processing') return { ...finding, nextInMs: OVERDUE_PAUSE_MS };
  if (finding.observation !== null) return finding;
  // A search in the history takes more than one call.
  if (job.phase === 'settling' && finding.nextInMs === 0) return finding;
  // The next step looks the job up in the history.
  if (job.phase !== 'settling' && dependencies.upstream.hasHistory) return { ...finding, nextInMs: 0 };
  return { ...passDeadline(finding.notes ?? notes), call: finding.call };
}

/** Looks up a job that the upstream has accepted before the deadline ends it: the history may still have its video. */
async function finalLookUp(leased: Leased<SentPhase>, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const end = passDeadline(notes);
  if (job.phase === 'settling' || !dependencies.upstream.hasHistory) return end;
  if (!(await dependencies.reserveCall()).granted) return end;
  const finding = await lookUpJob({ ...leased, job }, () => end.observation, dependencies);
  return finding.observation === null ? end : finding;
}

/** The deadline of the job may have passed together with its start deadline, after a pause of the gateway. The earlier one counts. */
function endUnsent({ job, notes }: Leased<'accepted'>): Finding {
  const end = passDeadline(notes);
  const { lastError } = end.observation;
  return forcedEndAt(job) < job.deadlineAt
    ? { ...end, observation: { type: 'start-deadline-passed', lastError } }
    : end;
}

function passDeadline({ lastError }: PollNotes): Finding & {
  readonly observation: ObservationsByType['deadline-passed'];
} {
  return { observation: { type: 'deadline-passed', lastError: lastError ?? null }, call: 'none' };
}

/** Stores the finding, or only releases the job when nothing changed. */
async function finish(
  leased: LeasedJob,
  before: Job,
  finding: Finding,
  dependencies: StepDependencies,
): Promise<StepReport> {
  const { observation, call, videoData, learned = [] } = finding;
  dependencies.onCallsDone();
  const schedule = (job: Job): Schedule => nextSchedule(leased, before, job, finding, dependencies);
  const isChange =
    observation !== null && transition(before, observation, dependencies.clock.now()) !== before;
  if (!isChange) {
    await retryWrite(() => dependencies.store.release(leased, schedule(before)), before, dependencies);
    return { job: before, outcome: 'saved', call, learned };
  }
  const facts = pollFacts(leased, finding);
  const change = { schedule, videoData, facts };
  const { job, outcome } = await commit(leased, before, observation, change, dependencies);
  // When another poller has the job, that poller learns its durations.
  return { job, outcome, call, learned: outcome === 'saved' ? learned : [] };
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
  const polledAt = finding.lastPolledAt ?? leased.lastPolledAt ?? job.submittedAt;
  // A time in the future was stored by a wrong clock.
  const lastPolledAt = polledAt === null ? null : Math.min(polledAt, dependencies.clock.now());
  const runAt = nextRunAt(job, lastPolledAt, failureCount, finding, dependencies);
  const kept = notesOf(pollFacts(leased, finding));
  // The other notes are about one phase only.
  const isNewPhase = job.phase !== before.phase && job.submittedAt !== null;
  if (isNewPhase) return { runAt, failureCount, lastPolledAt, notes: kept };
  const notes = { ...finding.notes, ...kept };
  const isDeferred = (notes.lastCallDeferrals ?? 0) > (leased.notes.lastCallDeferrals ?? 0);
  const isLastCall = job.upstreamId !== null && dependencies.clock.now() >= lastCallAt(job) && !isDeferred;
  return { runAt, failureCount, lastPolledAt, notes: isLastCall ? { ...notes, lastCallMade: true } : notes };
}

function pollFacts({ notes }: LeasedJob, { isPoll, detectionDelayMs }: Finding): PollFacts {
  return {
    polls: (notes.polls ?? 0) + (isPoll === true ? 1 : 0),
    detectionDelayMs: detectionDelayMs ?? notes.detectionDelayMs ?? null,
  };
}

function notesOf({ polls, detectionDelayMs }: PollFacts): PollNotes {
  if (polls === 0) return NO_NOTES;
  return detectionDelayMs === null ? { polls } : { polls, detectionDelayMs };
}

/** When the next step is due, in epoch milliseconds: at the latest shortly before the deadline, and then at the deadline. */
function nextRunAt(
  job: Job,
  lastPolledAt: number | null,
  failureCount: number,
  finding: Finding,
  dependencies: StepDependencies,
): number {
  const { clock, random } = dependencies;
  const now = clock.now();
  const plannedAt = (): number => {
    const { call, nextInMs } = finding;
    if (nextInMs !== undefined) return now + nextInMs;
    if (typeof call === 'object') {
      return now + backoffMs(failureCount, random(), Math.min(call.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
    }
    if (failureCount > 0) return now + backoffMs(failureCount, random());
    const { submittedAt, startedAt } = job;
    if (job.phase === 'collecting' || submittedAt === null) return now;
    if (submittedAt > now) return now + OVERDUE_PAUSE_MS;
    const running = { submittedAt, startedAt, lastPolledAt: lastPolledAt ?? submittedAt };
    return running.lastPolledAt + nextPollDelayMs(running, expectedOf(job, dependencies), random());
  };
  const at = Math.max(now, plannedAt());
  // An accepted job gets no last call: it ends at once.
  if (job.phase === 'accepted') return Math.max(now, Math.min(at, forcedEndAt(job)));
  if (now >= job.deadlineAt) return at;
  const end = job.upstreamId !== null && now < lastCallAt(job) ? lastCallAt(job) : job.deadlineAt;
  return Math.min(at, end);
}

/** When a job that the upstream has accepted is polled for the last time. */
function lastCallAt(job: Job): number {
  return job.deadlineAt - Math.min(LAST_CALL_MS, LAST_CALL_SHARE * (job.deadlineAt - job.createdAt));
}
