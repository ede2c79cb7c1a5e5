import { backoffMs } from '../domain/backoff.ts';
import type { Clock } from '../domain/clock.ts';
import { isFinal, type Job, type JobVideo } from '../domain/job.ts';
import type { DurationSample, ExpectedDurations } from '../domain/duration-model.ts';
import { nextPollDelayMs } from '../domain/poll-plan.ts';
import { type Observation, transition } from '../domain/transition.ts';
import { MAX_RETRY_AFTER_MS } from '../store/call-budget.ts';
import { type Claim, type JobStore, StoreUnavailableError } from '../store/job-store.ts';
import type { CallOptions, CollectedVideo, PassingFault, VideoUpstream } from '../upstream/video-upstream.ts';
import type { LearnedDurations } from './learned-durations.ts';
import { seenDone, seenRunning } from './seen-durations.ts';

/** What a step works with. */
export interface StepDependencies {
  readonly store: JobStore;
  readonly upstream: VideoUpstream;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds for one upstream call. */
  readonly callTimeoutMs: number;
  /** How long jobs take. */
  readonly durations: Pick<LearnedDurations, 'expected'>;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** When the job's lease runs out, in epoch milliseconds. */
  readonly leaseUntil: number;
  /** Cuts upstream calls, and waits for the store, short. */
  readonly signal: AbortSignal;
}

/** What a step tells of the upstream: that it answered, that a submission's answer was lost, the fault that its call met with, or nothing. */
export type CallReport = 'none' | 'served' | 'lost' | PassingFault;

/** What a step did, for the log and the rate budget. */
export interface StepReport {
  /** The job as it stands after the step. */
  readonly job: Job;
  /** False when another poller had taken the job over. */
  readonly held: boolean;
  /** How the step's upstream call went. */
  readonly call: CallReport;
  /** What it showed of how long jobs take. */
  readonly learned: readonly DurationSample[];
}

/** What was learned, and what follows from it. */
interface Finding {
  /** Null when there is no news. */
  readonly observation: Observation | null;
  readonly call: CallReport;
  readonly videoData?: string;
  readonly learned?: readonly DurationSample[];
  /** When the upstream was asked that now told that the job is not done, in epoch milliseconds. */
  readonly seenAt?: number;
}

/** The upstream keeps the files behind its URLs about this long [docs]. */
const FILE_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Moves one claimed job by one step: ends it when its deadline has passed, else submits it, polls it or fetches its
 * video, stores what was learned, and gives the job back with the time of its next step.
 *
 * @throws StoreUnavailableError when the store fails; the job is taken up again once its lease has run out
 */
export async function advance(claim: Claim, dependencies: StepDependencies): Promise<StepReport> {
  const { store, clock } = dependencies;
  const { job } = claim;
  if (job.phase === 'submitting') {
    // Its poller was lost between marking the job and storing the answer.
    return settle(claim, job, { observation: LOST_POLLER, call: 'none' }, dependencies);
  }
  if (clock.now() >= job.deadlineAt) {
    return settle(claim, job, { observation: { type: 'deadline-passed' }, call: 'none' }, dependencies);
  }
  if (job.phase === 'accepted') {
    const submitting = transition(job, { type: 'submit-started' }, clock.now());
    // From here on no one else may send it: a poller that finds the mark ends the job.
    const held = await persist(() => store.save(claim, { job: submitting, schedule: null }), dependencies);
    if (!held) return { job, held, call: 'none', learned: [] };
    return settle(claim, submitting, await submit(submitting, dependencies), dependencies);
  }
  const finding =
    job.phase === 'collecting' ? await collect(job, dependencies) : await poll(claim, dependencies);
  return settle(claim, job, finding, dependencies);
}

const LOST_POLLER: Observation = {
  type: 'submit-unknown',
  message:
    'The gateway was stopped while it submitted the job. A job may exist upstream and be charged; it is not sent again.',
};

async function submit(job: Job, dependencies: StepDependencies): Promise<Finding> {
  const outcome = await dependencies.upstream.submit(job.request, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'accepted': {
      const { upstreamId: id } = outcome;
      return found({ type: 'submit-accepted', upstreamId: id, expected: expectedOf(job, dependencies) });
    }
    case 'refused':
      return found({ type: 'submit-refused', code: outcome.code, message: outcome.message });
    case 'unknown':
      return { observation: { type: 'submit-unknown', message: outcome.message }, call: 'lost' };
    case 'not-made':
      return { observation: { type: 'submit-not-made' }, call: outcome };
  }
}

async function poll(claim: Claim, dependencies: StepDependencies): Promise<Finding> {
  const { job } = claim;
  const { upstream, clock } = dependencies;
  const askedAt = clock.now();
  const outcome = await upstream.status(upstreamId(job), callOptions(job, dependencies));
  const look = { job, seenAt: claim.seenAt, at: clock.now(), expected: expectedOf(job, dependencies) };
  switch (outcome.type) {
    case 'queued':
      return { observation: null, call: 'served', seenAt: askedAt };
    case 'processing': {
      const { startedAt, learned } = seenRunning(look);
      const observation: Observation = { type: 'upstream-processing', startedAt, expected: look.expected };
      return { observation, call: 'served', learned, seenAt: askedAt };
    }
    case 'completed': {
      const observation: Observation = { type: 'upstream-completed', metrics: outcome.metrics };
      return { observation, call: 'served', learned: seenDone(look, outcome.metrics) };
    }
    case 'failed':
      return found({ type: 'upstream-failed', message: outcome.message, metrics: outcome.metrics });
    case 'forgotten':
      return found({ type: 'upstream-forgot' });
    case 'no-news':
      return { observation: null, call: outcome };
  }
}

async function collect(job: Job, dependencies: StepDependencies): Promise<Finding> {
  const outcome = await dependencies.upstream.result(upstreamId(job), callOptions(job, dependencies));
  switch (outcome.type) {
    case 'ready': {
      const video = toJobVideo(job, outcome.video, dependencies);
      const observation: Observation = { type: 'video-collected', video, metrics: outcome.metrics };
      const { base64 } = outcome.video;
      return base64 === null ? found(observation) : { observation, call: 'served', videoData: base64 };
    }
    case 'failed':
      return found({ type: 'upstream-failed', message: outcome.message, metrics: outcome.metrics });
    case 'forgotten':
      return found({ type: 'upstream-forgot' });
    case 'no-news':
      return { observation: null, call: outcome };
  }
}

/** Stores what was learned, or gives the job back when there was nothing to store. */
async function settle(
  claim: Claim,
  before: Job,
  finding: Finding,
  dependencies: StepDependencies,
): Promise<StepReport> {
  const { store, clock } = dependencies;
  const { observation, call, videoData, learned = [] } = finding;
  const job = observation === null ? before : transition(before, observation, clock.now());
  const faults = typeof call === 'object' ? claim.faults + 1 : 0;
  const seenAt = finding.seenAt ?? claim.seenAt ?? job.submittedAt;
  const schedule = { dueAt: nextStepAt(job, seenAt, faults, call, dependencies), faults, seenAt };
  if (job === before) {
    await persist(() => store.release(claim, schedule), dependencies);
    return { job, held: true, call, learned };
  }
  const change = { job, schedule: isFinal(job) ? null : schedule };
  const full = videoData === undefined ? change : { ...change, videoData };
  const held = await persist(() => store.save(claim, full), dependencies);
  // What was seen of a job that another poller has is learned by that one.
  return { job, held, call, learned: held ? learned : [] };
}

/**
 * Repeats a write while the store can't be reached, as long as the lease holds: what was learned from the upstream may
 * have cost money. The store takes a repeated write for the same.
 */
async function persist<T>(write: () => Promise<T>, dependencies: StepDependencies): Promise<T> {
  const { clock, random, leaseUntil, signal } = dependencies;
  for (let failures = 1; ; failures += 1) {
    try {
      return await write();
    } catch (error) {
      const waitMs = Math.ceil(backoffMs(failures, random()) / 4);
      const hopeless = !(error instanceof StoreUnavailableError) || clock.now() + waitMs >= leaseUntil;
      if (hopeless || signal.aborted) throw error;
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Epoch milliseconds; never past the deadline, when the job is to be ended. */
function nextStepAt(
  job: Job,
  seenAt: number | null,
  faults: number,
  call: CallReport,
  dependencies: StepDependencies,
): number {
  const { clock, random } = dependencies;
  const at = clock.now();
  const { submittedAt: taken, startedAt } = job;
  const stepAt = (): number => {
    if (typeof call === 'object') {
      return at + backoffMs(faults, random(), Math.min(call.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
    }
    if (job.phase === 'collecting' || taken === null) return at;
    const running = { submittedAt: taken, startedAt, seenAt: seenAt ?? taken };
    return running.seenAt + nextPollDelayMs(running, expectedOf(job, dependencies), random());
  };
  return Math.min(Math.max(at, stepAt()), job.deadlineAt);
}

function toJobVideo(job: Job, video: CollectedVideo, { clock, retentionMs }: StepDependencies): JobVideo {
  const inline = video.base64 !== null;
  return {
    url: video.url,
    inline,
    contentType: video.contentType,
    byteLength: video.byteLength,
    expiresAt: inline ? clock.now() + retentionMs : (job.submittedAt ?? clock.now()) + FILE_LIFETIME_MS,
  };
}

/** A call ends by the job's deadline, so that the job can. */
function callOptions(job: Job, { clock, callTimeoutMs, signal }: StepDependencies): CallOptions {
  return { timeoutMs: Math.max(1, Math.min(callTimeoutMs, job.deadlineAt - clock.now())), signal };
}

function expectedOf(job: Job, { durations }: StepDependencies): ExpectedDurations {
  return durations.expected(job.request);
}

function upstreamId(job: Job): string {
  if (job.upstreamId === null) throw new Error(`Job ${job.id} is ${job.phase} without an upstream id.`);
  return job.upstreamId;
}

function found(observation: Observation): Finding {
  return { observation, call: 'served' };
}
