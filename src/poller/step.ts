import type { Clock } from '../domain/clock.ts';
import type { DurationSample, ExpectedDurations } from '../domain/polling/duration-model.ts';
import type { Job } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { JobEvents, JobQueue, Jobs } from '../store/job-store.ts';
import type { Submissions } from '../store/submissions.ts';
import type { CallOptions, TransientError, VideoUpstream } from '../providers/video-upstream.ts';
import type { LearnedDurations } from './learned-durations.ts';
import type { SentJobs } from './sent-jobs.ts';

/** What a step works with. */
export interface StepDependencies {
  readonly store: Jobs & JobQueue & JobEvents;
  readonly submissions: Submissions;
  readonly upstream: VideoUpstream;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds for one upstream call. */
  readonly callTimeoutMs: number;
  /** Milliseconds for which a job is leased. */
  readonly leaseMs: number;
  /** How long jobs take. */
  readonly durations: Pick<LearnedDurations, 'expected'>;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** What this process has sent. */
  readonly sent: SentJobs;
  /** Takes one call out of the budget, for a step that was leased without one. */
  readonly reserveCall: () => Promise<{ readonly granted: boolean; readonly waitMs: number }>;
  /** Called once, when the step makes no more upstream calls and only has to store what it learned. */
  readonly onCallsOver: () => void;
  /** Cuts upstream calls, and waits for the store, short. */
  readonly signal: AbortSignal;
}

/**
 * What a step tells of the upstream: `none`: nothing; `answered`: the API answered; `lost`: the answer to a submission
 * never came; or the fault that its call met with.
 */
export type CallReport = 'none' | 'answered' | 'lost' | TransientError;

/** What was learned by a step, and what follows from it. */
export interface Finding {
  /** Null when there is no news. */
  readonly observation: Observation | null;
  readonly call: CallReport;
  /** The video as base64. */
  readonly videoData?: string;
  readonly learned?: readonly DurationSample[];
  /** When the upstream was asked that now told that the job is not done, in epoch milliseconds. */
  readonly lastPolledAt?: number;
  /** What to remember for the next step. @default nothing */
  readonly notes?: PollNotes;
  /** Milliseconds until the next step. @default by the poll plan, or by the backoff after a failed call */
  readonly dueInMs?: number;
  /** Whether the step counts as a failure of the job. @default whether its call failed */
  readonly isFailure?: boolean;
}

/** A finding from a call that the API answered. */
export function answered(observation: Observation): Finding {
  return { observation, call: 'answered' };
}

/** A call ends by the job's deadline, so that the job can; a last one after it gets a moment. */
export function callOptions(job: Job, { clock, callTimeoutMs, signal }: StepDependencies): CallOptions {
  const left = Math.max(LAST_CALL_MS, job.deadlineAt - clock.now());
  return { timeoutMs: Math.min(callTimeoutMs, left), signal };
}

/** Milliseconds before its deadline at which a job is polled for the last time, and that this call may take. */
export const LAST_CALL_MS = 5000;

/** Milliseconds from a lost answer to the first look into the request history. */
export const FIRST_LOOK_MS = 5000;

/** How long the job is expected to take. */
export function expectedOf(job: Job, { durations }: Pick<StepDependencies, 'durations'>): ExpectedDurations {
  return durations.expected(job.request);
}

/** The id that the upstream gave the job. */
export function upstreamIdOf(job: Job): string {
  if (job.upstreamId === null) throw new Error(`Job ${job.id} is ${job.phase} without an upstream id.`);
  return job.upstreamId;
}
