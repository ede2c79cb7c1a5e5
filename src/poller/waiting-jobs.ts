import { forecastUnsent } from '../domain/job/forecast.ts';
import type { SubmissionWait } from '../domain/job/job.ts';
import { transition } from '../domain/job/transition.ts';
import { UNLIMITED_RPM } from '../domain/polling/call-budget-rules.ts';
import type { SaveOutcome, WaitingJob } from '../store/job-store.ts';
import { expectedOf, type StepDependencies } from './step.ts';

/** A job that waits for less than this is about to be sent. */
const MIN_WAIT_MS = 1000;
/** Jobs of one update, and milliseconds between two updates. */
const BATCH = 50;
const PAUSE_MS = 500;
/** Approximate number of calls that one job needs while the budget is short: its submission, its polls and its result. */
const CALLS_PER_JOB = 6;
const MINUTE_MS = 60_000;
/** The weight of the newest interval in the mean. */
const WEIGHT = 0.2;
/** A longer pause between two submissions does not count: no job was waiting. */
const MAX_INTERVAL_MS = 2 * MINUTE_MS;

/** Stores with each waiting job why it waits and when it is expected to be done, by the rate of earlier submissions. */
export class WaitingJobs {
  readonly #dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations'>;
  /** The mean time between two submissions while the call budget is short. */
  #intervalMs: number;
  #lastSubmittedAt: number | null = null;
  #updatedAt = -Infinity;

  /** @param rpm calls a minute; 0 for no limit */
  constructor(dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations'>, rpm: number) {
    this.#dependencies = dependencies;
    this.#intervalMs = (CALLS_PER_JOB * MINUTE_MS) / (rpm > 0 ? rpm : UNLIMITED_RPM);
  }

  /** Measures the rate; call it when a job is submitted that had to wait for the rate limit. */
  onSubmitted(): void {
    const now = this.#dependencies.clock.now();
    const intervalMs = this.#lastSubmittedAt === null ? Infinity : now - this.#lastSubmittedAt;
    this.#lastSubmittedAt = now;
    if (intervalMs <= MAX_INTERVAL_MS) this.#intervalMs += WEIGHT * (intervalMs - this.#intervalMs);
  }

  /**
   * Updates waiting jobs that do not have a reason yet; at most every 500 ms.
   *
   * @returns how many were updated
   * @throws StoreUnavailableError
   */
  async update(waitingFor: SubmissionWait): Promise<number> {
    const { store, clock } = this.#dependencies;
    const now = clock.now();
    if (now - this.#updatedAt < PAUSE_MS) return 0;
    this.#updatedAt = now;
    const waiting = await store.findWaiting(now - MIN_WAIT_MS, BATCH);
    const outcomes = await Promise.all(waiting.map((one) => this.#updateJob(one, waitingFor)));
    return outcomes.filter((outcome) => outcome === 'saved').length;
  }

  #updateJob({ job, ahead }: WaitingJob, waitingFor: SubmissionWait): Promise<SaveOutcome> {
    const { store, clock } = this.#dependencies;
    const now = clock.now();
    const waitMs = Math.round((ahead + 1) * this.#intervalMs);
    const forecast =
      waitingFor === 'RATE_LIMIT' ? forecastUnsent(expectedOf(job, this.#dependencies), now, waitMs) : null;
    const next = transition(job, { type: 'submission-waits', waitingFor, forecast }, now);
    // A poller that has leased the job meanwhile has stored another version, or stores it over this one.
    return store.save('', { job: next, schedule: null });
  }
}
