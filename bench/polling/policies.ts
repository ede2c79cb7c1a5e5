import type { Job, JobIn, JobMetrics } from '../../src/domain/job/job.ts';
import { transition } from '../../src/domain/job/transition.ts';
/** Polling policies: the gateway's own and the ones it is compared with. */
import {
  addDuration,
  type DurationSample,
  expectDurations,
  type GroupMoments,
} from '../../src/domain/polling/duration-model.ts';
import { learnFromDone, learnFromRunning } from '../../src/domain/polling/learn-from-poll.ts';
import { nextPollDelayMs } from '../../src/domain/polling/poll-plan.ts';
import { callPriority } from '../../src/poller/call-priority.ts';
import type { DueJob } from '../../src/store/job-store.ts';

/** A job in a simulation. Times are milliseconds from the start of the simulation. */
export interface PolledJob extends Pick<DueJob, 'failureCount' | 'notes'> {
  job: Job;
  /** The last poll that showed it unfinished. */
  lastPolledAt: number;
  polls: number;
}

/** Decides when to poll, and learns from the results. */
export interface Policy {
  readonly name: string;
  /** The upstream has accepted the job. @returns the time of the first poll */
  accepted(polledJob: PolledJob, now: number): number;
  /** A poll showed the job unfinished. @returns the time of the next poll */
  unfinished(polledJob: PolledJob, status: 'queued' | 'processing', now: number): number;
  /** A poll showed the job completed. */
  done(polledJob: PolledJob, metrics: JobMetrics | null, now: number): void;
  /** The priority of calls when the call budget is short; null: the earliest due time first. */
  readonly priority: ((now: number) => (due: DueJob) => number) | null;
}

/** Polls at a fixed interval, as the vendor's SDK does. */
export function every(ms: number): Policy {
  return {
    name: `every ${ms / 1000} s`,
    accepted: (_, now) => now + ms,
    unfinished: (_polledJob, _status, now) => now + ms,
    done: () => {},
    priority: null,
  };
}

/** Waits 1 second, then twice as long after each poll, at most 30 seconds. */
export function exponentialBackoff(): Policy {
  return {
    name: 'exponential backoff',
    accepted: (_, now) => now + 1000,
    unfinished: ({ polls }, _, now) => now + Math.min(30_000, 1000 * 2 ** polls),
    done: () => {},
    priority: null,
  };
}

/**
 * The gateway's own duration model, poll plan and call priority, unchanged.
 *
 * @param typicalMs the expected duration before the first job
 * @param plan `endOnlyPollDelayMs`: without polls for the start of the run
 */
export function learnedPlan(random: () => number, typicalMs: number, plan = nextPollDelayMs): Policy {
  const stats = new Map<string, GroupMoments>();
  const durations = { expected: (request: Job['request']) => expectDurations(stats, request, typicalMs) };
  const learn = (samples: readonly DurationSample[]) => {
    for (const { group, moments } of samples) stats.set(group, addDuration(stats.get(group), moments));
  };
  const nextPollAt = ({ job, lastPolledAt }: PolledJob) => {
    const submittedAt = job.submittedAt ?? lastPolledAt;
    const running = { submittedAt, startedAt: job.startedAt, lastPolledAt };
    return lastPolledAt + plan(running, durations.expected(job.request), random());
  };
  return {
    name: 'learned plan',
    accepted: nextPollAt,
    unfinished: (polledJob, status, now) => {
      const { job, lastPolledAt } = polledJob;
      const expected = durations.expected(job.request);
      if (status === 'processing') {
        const { startedAt, learned } = learnFromRunning({
          job: polled(job),
          lastPolledAt,
          at: now,
          expected,
        });
        polledJob.job = transition(job, { type: 'upstream-processing', startedAt, expected }, now);
        learn(learned);
      }
      polledJob.lastPolledAt = now;
      return nextPollAt(polledJob);
    },
    done: ({ job, lastPolledAt }, metrics, now) => {
      const expected = durations.expected(job.request);
      learn(learnFromDone({ job: polled(job), lastPolledAt, at: now, expected }, metrics).learned);
    },
    priority: (now) => callPriority(durations, now, false),
  };
}

function polled(job: Job): JobIn<'queued' | 'processing'> {
  if (job.phase === 'queued' || job.phase === 'processing') return job;
  throw new Error(`A job in phase ${job.phase} is not polled.`);
}
