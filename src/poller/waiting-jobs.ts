import { forecastUnsent } from '../domain/job/forecast.ts';
import type { SubmissionWait } from '../domain/job/job.ts';
import { transition } from '../domain/job/transition.ts';
import type { WaitingJob } from '../store/job-store.ts';
import { expectedOf, type StepDependencies } from './step.ts';
import type { SubmissionPace } from './submission-pace.ts';

/** A job that waits for less than this is about to be sent. */
const MIN_WAIT_MS = 1000;
/** Jobs that are told at a time, and milliseconds between two times. */
const BATCH = 50;
const PAUSE_MS = 500;

/** Stores with jobs that wait to be sent why they do, and when they are expected to be done. */
export class WaitingJobs {
  readonly #dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations'>;
  readonly #pace: SubmissionPace;
  #lookedAt = -Infinity;

  constructor(dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations'>, pace: SubmissionPace) {
    this.#dependencies = dependencies;
    this.#pace = pace;
  }

  /**
   * Tells the jobs that wait and were not told yet, unless that was done a moment ago.
   *
   * @returns how many were told
   * @throws StoreUnavailableError
   */
  async tell(waitingFor: SubmissionWait): Promise<number> {
    const { store, clock } = this.#dependencies;
    const now = clock.now();
    if (now - this.#lookedAt < PAUSE_MS) return 0;
    this.#lookedAt = now;
    const waiting = await store.findWaiting(now - MIN_WAIT_MS, BATCH);
    const outcomes = await Promise.all(waiting.map((one) => this.#tellOne(one, waitingFor)));
    return outcomes.filter((outcome) => outcome === 'saved').length;
  }

  #tellOne({ job, ahead }: WaitingJob, waitingFor: SubmissionWait) {
    const { store, clock } = this.#dependencies;
    const now = clock.now();
    const expected = expectedOf(job, this.#dependencies);
    const forecast =
      waitingFor === 'RATE_LIMIT' ? forecastUnsent(expected, now, this.#pace.waitMs(ahead)) : null;
    const next = transition(job, { type: 'submission-waits', waitingFor, forecast }, now);
    // A poller that has leased the job meanwhile has stored another version, or stores it over this one.
    return store.save('', { job: next, schedule: null });
  }
}
