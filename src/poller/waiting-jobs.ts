import { forecastUnsent } from '../domain/job/forecast.ts';
import type { Job } from '../domain/job/job.ts';
import { transition } from '../domain/job/transition.ts';
import type { CallGrant } from '../domain/polling/call-budget-rules.ts';
import type { ExpectedDurations } from '../domain/polling/duration-model.ts';
import { latenessMs } from '../domain/polling/poll-plan.ts';
import {
  type CallsPerJob,
  callsPerJob,
  forecastSubmissions,
  type GrantedCalls,
  type PendingCalls,
} from '../domain/polling/submission-forecast.ts';
import { emitJobChange } from '../events/job-changes.ts';
import type { DueJob, WaitingJob } from '../store/job-store.ts';
import { SUBMIT_PRIORITY } from './call-priority.ts';
import { expectedOf, type StepDependencies } from './step.ts';

/** A job that waits for less than this is about to be sent. */
const MIN_WAIT_MS = 1000;
/** Jobs of one update, and milliseconds between two updates. */
const BATCH = 50;
const PAUSE_MS = 500;
/** The number of remembered jobs at the upstream. */
const MAX_RUNNING = 1000;

type RunningJob = Job & { readonly submittedAt: number };

/** Stores with each waiting job why it waits and when it is expected to be sent and done. */
export class WaitingJobs {
  readonly #dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations' | 'events'>;
  /** Jobs at the upstream after a step of this poller, by id, the last step last. */
  readonly #running = new Map<string, RunningJob>();
  /** Without those of durations that are no longer used. */
  readonly #callsPerJob = new WeakMap<ExpectedDurations, CallsPerJob>();
  #updatedAt = -Infinity;

  constructor(dependencies: Pick<StepDependencies, 'store' | 'clock' | 'durations' | 'events'>) {
    this.#dependencies = dependencies;
  }

  /** Call it with the job after each step. */
  onStep(job: Job): void {
    this.#running.delete(job.id);
    if (!isAtUpstream(job)) return;
    this.#running.set(job.id, job);
    const [oldest] = this.#running.keys();
    if (this.#running.size > MAX_RUNNING && oldest !== undefined) this.#running.delete(oldest);
  }

  /**
   * Updates waiting jobs that do not have a reason yet; at most every 500 ms.
   *
   * @param nextCalls reads the due jobs in the order of their next calls
   * @returns how many were updated
   * @throws StoreUnavailableError
   */
  async update(
    { limitedBy, waitMs, intervalMs }: CallGrant,
    nextCalls: () => Promise<readonly DueJob[]>,
  ): Promise<number> {
    const { store, clock, events } = this.#dependencies;
    const now = clock.now();
    if (now - this.#updatedAt < PAUSE_MS) return 0;
    this.#updatedAt = now;
    const waiting = await store.findWaiting(now - MIN_WAIT_MS, BATCH);
    if (waiting.length === 0) return 0;
    const calls =
      limitedBy === 'rate-limit' && intervalMs !== undefined
        ? { nextAt: now + (waitMs > 0 ? waitMs : intervalMs), intervalMs }
        : null;
    const sentAt = calls === null ? null : this.#forecast(waiting, await nextCalls(), calls);
    const saved = await Promise.all(
      waiting.map(async ({ job }, index) => {
        const forecast =
          sentAt === null
            ? null
            : forecastUnsent(
                expectedOf(job, this.#dependencies),
                now,
                Math.round((sentAt[index] ?? now) - now),
              );
        const waitingFor = sentAt === null ? 'UPSTREAM_UNAVAILABLE' : 'RATE_LIMIT';
        const next = transition(job, { type: 'submission-waits', waitingFor, forecast }, now);
        // A poller that has leased the job meanwhile has stored another version, or stores it over this one.
        const outcome = await store.save('', { job: next, schedule: null });
        if (outcome === 'saved') emitJobChange(events, job, next);
        return outcome === 'saved';
      }),
    );
    return saved.filter(Boolean).length;
  }

  /** The expected time of the submission of each waiting job, in epoch milliseconds. */
  #forecast(waiting: readonly WaitingJob[], ranked: readonly DueJob[], calls: GrantedCalls): number[] {
    const unsent = ranked.filter(({ job }) => job.phase === 'accepted');
    // The ranking is fair among owners, so it knows the order better than the store does. It does not have all jobs.
    const rank = new Map(unsent.map(({ job }, index) => [job.id, index]));
    const positions: number[] = [];
    for (const { job, ahead } of waiting) {
      // Jobs that were accepted in the same millisecond have the same number of jobs ahead.
      positions.push(rank.get(job.id) ?? Math.max(ahead, unsent.length, (positions.at(-1) ?? -1) + 1));
    }
    // The jobs ahead are probably similar.
    const [first] = waiting;
    if (first === undefined) return [];
    const perJob = this.#callsPerJobOf(expectedOf(first.job, this.#dependencies));
    const count = Math.max(...positions) + 1;
    const at = forecastSubmissions(count, calls, this.#pendingCalls(ranked), perJob);
    return positions.map(at);
  }

  /**
   * The jobs at the upstream. Those that are due come from the store. The others are known from the steps of this poller only, and are
   * no longer considered when they should be due: another poller has probably moved them.
   */
  #pendingCalls(ranked: readonly DueJob[]): PendingCalls[] {
    const now = this.#dependencies.clock.now();
    const due = ranked.flatMap(({ job, lastPolledAt }) => (isAtUpstream(job) ? [{ job, lastPolledAt }] : []));
    const dueIds = new Set(due.map(({ job }) => job.id));
    const later = [...this.#running.values()].filter(({ id }) => !dueIds.has(id));
    return [
      ...due.map(({ job, lastPolledAt }) => this.#callsOf(job, lastPolledAt)),
      ...later.map((job) => this.#callsOf(job, null)).filter(({ dueAt }) => dueAt > now),
    ];
  }

  #callsOf(job: RunningJob, lastPolledAt: number | null): PendingCalls {
    const now = this.#dependencies.clock.now();
    if (job.phase === 'collecting') return { dueAt: now, calls: 1 };
    const { submittedAt, startedAt } = job;
    const expected = expectedOf(job, this.#dependencies);
    const { delayMs, calls } = this.#callsPerJobOf(expected);
    const running = { submittedAt, startedAt, lastPolledAt: lastPolledAt ?? submittedAt };
    const isLate = latenessMs(running, expected, now) >= SUBMIT_PRIORITY;
    return { dueAt: isLate ? now : submittedAt + delayMs, calls };
  }

  #callsPerJobOf(expected: ExpectedDurations): CallsPerJob {
    const known = this.#callsPerJob.get(expected) ?? callsPerJob(expected, SUBMIT_PRIORITY);
    this.#callsPerJob.set(expected, known);
    return known;
  }
}

function isAtUpstream(job: Job): job is RunningJob {
  const { phase, submittedAt } = job;
  return submittedAt !== null && (phase === 'queued' || phase === 'processing' || phase === 'collecting');
}
