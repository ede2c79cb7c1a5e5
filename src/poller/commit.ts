import { isFinal, type Job } from '../domain/job/job.ts';
import type { Observation } from '../domain/job/observation.ts';
import { transition } from '../domain/job/transition.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import { requestFingerprint } from '../domain/request/video-request.ts';
import { emitFault } from '../events/emit-fault.ts';
import { emitJobChange, type PollFacts } from '../events/job-changes.ts';
import { requestKey } from '../providers/video-upstream.ts';
import {
  type LeasedJob,
  type SaveOutcome,
  type Schedule,
  StoreUnavailableError,
} from '../store/job-store.ts';
import type { AdoptOutcome } from '../store/submissions.ts';
import type { StepDependencies } from './step.ts';

/** Other pollers change a job only a few times while one step ends. */
const MAX_TRIES = 20;
const LONGEST_RETRY_PAUSE_MS = 5000;
/** Failures in a row from which on they are reported: a store that is full refuses writes only, so nothing else may show it. */
const REPORTED_FAILURES = 3;

/** The result of a commit. */
export interface Committed {
  /** The stored job, as far as it is known. */
  readonly job: Job;
  /** `superseded`: the observation does not change the version that another poller has stored. */
  readonly outcome: SaveOutcome;
}

/** The changes that are stored with the next version. */
export interface CommitOptions {
  /** Computes the next schedule for each version that is tried. Null: the step continues, and the lease is renewed. */
  readonly schedule: ((job: Job) => Schedule) | null;
  readonly videoData?: string | undefined;
  /** What the polls have shown. */
  readonly facts?: PollFacts;
}

/**
 * Stores the next version of a job after an observation. When another poller has stored a version meanwhile, the observation
 * is applied to that version: an answer that was paid for counts even when it is late.
 *
 * @param before the version that the observation was made on
 * @throws StoreUnavailableError when the store could not be written until the job's deadline
 */
export async function commit(
  leased: LeasedJob,
  before: Job,
  observation: Observation,
  { schedule, videoData, facts }: CommitOptions,
  dependencies: StepDependencies,
): Promise<Committed> {
  const { store, clock, leaseMs, archives, targetsOf, events } = dependencies;
  const id = before.id;
  let current = before;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const job = transition(current, observation, clock.now());
    if (job === current) return { job, outcome: 'superseded' };
    if (tries > 0 && !(await isOwnRequest(current, observation, dependencies))) {
      return { job: current, outcome: 'superseded' };
    }
    const change =
      schedule === null || isFinal(job) ? { job, schedule: null } : { job, schedule: schedule(job) };
    const addsFileTask = archives && job.phase === 'completed' && job.video !== null;
    const full = {
      ...change,
      addsFileTask,
      deliveries: targetsOf(job),
      ...(videoData === undefined ? {} : { videoData }),
    };
    const save = () =>
      store.save(leased.leaseId, schedule === null ? { ...full, leaseUntil: clock.now() + leaseMs } : full);
    const outcome = await retryWrite(save, before, dependencies);
    if (outcome === 'saved') emitJobChange(events, current, job, facts);
    if (outcome !== 'superseded') return { job, outcome };
    const [stored] = await retryWrite(() => store.getMany([id]), before, dependencies);
    if (stored == null) return { job, outcome: 'missing' };
    current = stored;
  }
  return { job: current, outcome: 'superseded' };
}

/**
 * Repeats a write while the store is unavailable, until the job's deadline, because the answer of the upstream may have cost money.
 * The compare-and-set on the version makes a late write safe.
 */
export async function retryWrite<T>(
  write: () => Promise<T>,
  job: Job,
  { clock, random, leaseMs, events, signal }: StepDependencies,
): Promise<T> {
  const until = Math.max(job.deadlineAt, clock.now() + leaseMs);
  for (let failures = 1; ; failures += 1) {
    try {
      return await write();
    } catch (error) {
      const waitMs = Math.min(LONGEST_RETRY_PAUSE_MS, Math.ceil(backoffMs(failures, random()) / 4));
      const isFinalTry = !(error instanceof StoreUnavailableError) || clock.now() + waitMs >= until;
      if (isFinalTry || signal.aborted) throw error;
      if (failures >= REPORTED_FAILURES) {
        const message = 'the store failed; the result of a step is kept until it can be stored';
        emitFault(events, 'poller', 'warn', message, { err: error, jobId: job.id, retryInMs: waitMs });
      }
      await clock.sleep(waitMs, signal);
    }
  }
}

/**
 * While this poller was frozen, another may have started to search the history for the job, and a job with equal inputs may have
 * adopted the request of this answer. Each request belongs to one job.
 */
async function isOwnRequest(
  job: Job,
  observation: Observation,
  dependencies: StepDependencies,
): Promise<boolean> {
  if (observation.type !== 'submit-accepted' || job.phase !== 'settling') return true;
  return (await adoptRequest(job, observation.upstreamId, dependencies)) !== 'taken';
}

/** Adopts an upstream request for a job whose answer was lost, unless it is another job's; see `Submissions.adopt`. */
export async function adoptRequest(
  job: Job,
  upstreamId: string,
  dependencies: StepDependencies,
): Promise<AdoptOutcome> {
  const fingerprint = requestFingerprint(job.request);
  const adopt = () => dependencies.submissions.adopt(fingerprint, job.id, requestKey(upstreamId));
  return retryWrite(adopt, job, dependencies);
}
