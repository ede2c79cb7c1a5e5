/** Ways to decide when to look at a job: the gateway's own, and what it is measured against. */
import {
  addDuration,
  type DurationSample,
  expectDurations,
  type GroupMoments,
} from '../../src/domain/polling/duration-model.ts';
import type { Job, JobIn, JobMetrics } from '../../src/domain/job/job.ts';
import { nextPollDelayMs } from '../../src/domain/polling/poll-plan.ts';
import { transition } from '../../src/domain/job/transition.ts';
import { callPriority } from '../../src/poller/call-priority.ts';
import { seenDone, seenRunning } from '../../src/domain/polling/seen-durations.ts';
import type { DueJob } from '../../src/store/job-store.ts';

/** A job in a simulation. Times are milliseconds from its beginning. */
export interface Watched extends Pick<DueJob, 'failureCount' | 'notes'> {
  job: Job;
  /** When it was last seen not done. */
  lastPolledAt: number;
  polls: number;
}

/** Decides when to look, and learns from what it sees. */
export interface Policy {
  readonly name: string;
  /** The upstream has just taken the job. @returns when to look first */
  taken(watched: Watched, now: number): number;
  /** A look showed that it is not done. @returns when to look next */
  notDone(watched: Watched, word: 'queued' | 'processing', now: number): number;
  /** A look showed that it is done. */
  done(watched: Watched, metrics: JobMetrics | null, now: number): void;
  /** Which call is the most important when calls are short; null: the one that is due for longest. */
  readonly priority: ((now: number) => (due: DueJob) => number) | null;
}

/** Looks at each job at one interval, as the vendor's SDK does. */
export function every(ms: number): Policy {
  return {
    name: `every ${ms / 1000} s`,
    taken: (_, now) => now + ms,
    notDone: (_watched, _word, now) => now + ms,
    done: () => {},
    priority: null,
  };
}

/** Waits 1 second, then twice as long each time, up to 30 seconds. */
export function exponentialBackoff(): Policy {
  return {
    name: 'exponential backoff',
    taken: (_, now) => now + 1000,
    notDone: ({ polls }, _, now) => now + Math.min(30_000, 1000 * 2 ** polls),
    done: () => {},
    priority: null,
  };
}

/**
 * The gateway's own: its model, plan and ranking as they are, without what is around them.
 *
 * @param typicalMs what it believes of a job before the first
 * @param plan `endOnlyPollDelayMs`: without polls for the beginning
 */
export function learnedPlan(random: () => number, typicalMs: number, plan = nextPollDelayMs): Policy {
  const stats = new Map<string, GroupMoments>();
  const durations = { expected: (request: Job['request']) => expectDurations(stats, request, typicalMs) };
  const learn = (samples: readonly DurationSample[]) => {
    for (const { group, moments } of samples) stats.set(group, addDuration(stats.get(group), moments));
  };
  const nextPollAt = ({ job, lastPolledAt }: Watched) => {
    const submittedAt = job.submittedAt ?? lastPolledAt;
    const running = { submittedAt, startedAt: job.startedAt, lastPolledAt };
    return lastPolledAt + plan(running, durations.expected(job.request), random());
  };
  return {
    name: 'learned plan',
    taken: nextPollAt,
    notDone: (watched, word, now) => {
      const { job, lastPolledAt } = watched;
      const expected = durations.expected(job.request);
      if (word === 'processing') {
        const { startedAt, learned } = seenRunning({ job: polled(job), lastPolledAt, at: now, expected });
        watched.job = transition(job, { type: 'upstream-processing', startedAt, expected }, now);
        learn(learned);
      }
      watched.lastPolledAt = now;
      return nextPollAt(watched);
    },
    done: ({ job, lastPolledAt }, metrics, now) => {
      const expected = durations.expected(job.request);
      learn(seenDone({ job: polled(job), lastPolledAt, at: now, expected }, metrics).learned);
    },
    priority: (now) => callPriority(durations, now, false),
  };
}

function polled(job: Job): JobIn<'queued' | 'processing'> {
  if (job.phase === 'queued' || job.phase === 'processing') return job;
  throw new Error(`A job in phase ${job.phase} is not polled.`);
}
