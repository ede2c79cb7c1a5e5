import type { LRUCache } from 'lru-cache';
import type { Clock } from '../domain/clock.ts';
import type { Job, JobIn, JobPhase } from '../domain/job/job.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { DurationSample, ExpectedDurations } from '../domain/polling/duration-model.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type {
  CallOptions,
  SubmitOutcome,
  TransientError,
  VideoUpstream,
} from '../providers/video-upstream.ts';
import type { JobStore, LeasedJob } from '../store/job-store.ts';
import type { Submissions } from '../store/submissions.ts';
import type { NewDelivery } from '../store/webhook-deliveries.ts';
import type { LearnedDurations } from './learned-durations.ts';

/** A leased job in one of these phases. */
export type Leased<P extends JobPhase> = LeasedJob & { readonly job: JobIn<P> };

/** The phases of a job that the upstream has accepted. */
export type PhaseAtUpstream = 'queued' | 'processing' | 'collecting';

/** The outcome of a POST of this process; `in-progress`: its answer has not arrived. */
export type SentOutcome = SubmitOutcome | { readonly type: 'in-progress' };

export interface StepDependencies {
  readonly store: JobStore;
  readonly submissions: Submissions;
  readonly upstream: VideoUpstream;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds for one upstream call. */
  readonly callTimeoutMs: number;
  /** Milliseconds for which a job is leased. */
  readonly leaseMs: number;
  readonly durations: Pick<LearnedDurations, 'expected'>;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** Whether finished videos are archived. */
  readonly archives: boolean;
  /** The deliveries that the end of a job causes; none for an unfinished job. */
  readonly targetsOf: (job: Job) => readonly NewDelivery[];
  /**
   * The POSTs of this process by job id, except those that created no job. A store that lost its last writes (an asynchronous
   * failover, a Redis without append-only file) shows a sent job as not sent; this memory prevents a second POST.
   */
  readonly sent: LRUCache<string, SentOutcome>;
  /** Takes one call out of the budget, for a job that was leased without one. */
  readonly reserveCall: () => Promise<{ readonly granted: boolean; readonly waitMs: number }>;
  readonly events: EventEmitter;
  /** Called once, when the step makes no more upstream calls and only has to store its result. */
  readonly onCallsDone: () => void;
  /** Aborts upstream calls, and waits for the store. */
  readonly signal: AbortSignal;
}

/**
 * The state of the upstream by a step's call. `none`: the call shows nothing, or there was none. `answered`: the API answered.
 * `lost`: the answer to a submission never arrived. Otherwise the error of the call.
 */
export type CallReport = 'none' | 'answered' | 'lost' | TransientError;

/** The result of a step's upstream call. */
export interface Finding {
  /** Null when nothing changed. */
  readonly observation: Observation | null;
  readonly call: CallReport;
  /** The video as base64. */
  readonly videoData?: string;
  readonly learned?: readonly DurationSample[];
  /** When the call began that showed the job as not done, in epoch milliseconds. */
  readonly lastPolledAt?: number;
  /** Whether the call asked for the status. @default false */
  readonly isPoll?: true;
  /** See `JobEndEvent`. @default as the notes of the job have it */
  readonly detectionDelayMs?: number;
  /** Notes for the next step. @default none */
  readonly notes?: PollNotes;
  /** Milliseconds until the next step. @default by the poll plan, or by the backoff after a failed call */
  readonly nextInMs?: number;
  /** Whether the step counts as a failure of the job. @default whether its call failed */
  readonly isFailure?: boolean;
}

/** Milliseconds before its deadline at which a job is polled for the last time, and the least timeout of that call. */
export const LAST_CALL_MS = 5000;

/** Milliseconds from a lost answer to the first search in the request history. */
export const FIRST_SEARCH_MS = 5000;

/** The finding of a call that the API answered. */
export function answered(observation: Observation): Finding {
  return { observation, call: 'answered' };
}

/** A call must not outlast the job's deadline. A last call after the deadline gets `LAST_CALL_MS`. */
export function callOptions(job: Job, { clock, callTimeoutMs, signal }: StepDependencies): CallOptions {
  const left = Math.max(LAST_CALL_MS, job.deadlineAt - clock.now());
  return { timeoutMs: Math.min(callTimeoutMs, left), signal, job };
}

/** How long the job is expected to take. */
export function expectedOf(job: Job, { durations }: Pick<StepDependencies, 'durations'>): ExpectedDurations {
  return durations.expected(job.request);
}
