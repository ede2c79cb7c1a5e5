import { backoffMs } from '../domain/polling/backoff.ts';
import type { CallGrant } from '../domain/polling/call-budget.ts';
import { isFinal } from '../domain/job/job.ts';
import { FaultLog, type LeveledLog } from '../process/fault-log.ts';
import type { CallBudget } from '../store/call-budget.ts';
import type { LeasedJob, DueJob, Unsubscribe } from '../store/job-store.ts';
import { callPriority } from './call-priority.ts';
import type { LearnedDurations } from './learned-durations.ts';
import { OwnerTurns } from './owner-turns.ts';
import { processJob, type StepReport } from './process-job.ts';
import { SentJobs } from './sent-jobs.ts';
import type { StepDependencies } from './step.ts';
import { SubmissionPace } from './submission-pace.ts';
import { WaitingJobs } from './waiting-jobs.ts';

/** What the loop works with. */
export interface PollerOptions extends Pick<
  StepDependencies,
  'store' | 'submissions' | 'upstream' | 'clock' | 'random' | 'callTimeoutMs' | 'retentionMs'
> {
  readonly durations: LearnedDurations;
  readonly budget: CallBudget;
  /** Calls a minute that the budget allows; 0 for no limit. */
  readonly rpm: number;
  /** `error` calls come with the cause under `err`. */
  readonly log: LeveledLog;
}

/** Upstream calls in progress at once. Each waits on the network most of the time. */
const CONCURRENCY = 256;
/** A step that takes longer than this holds a slot that others may need. */
const SLOW_STEP_MS = 2000;
/** What a step may take beyond its upstream call before another poller takes the job over. */
const LEASE_MARGIN_MS = 30_000;
/** Timers can't be set further ahead than 24.8 days. */
const MAX_PAUSE_MS = 60_000;
/** A store that is back is found within this time. */
const MAX_STORE_PAUSE_MS = 5000;
/** Jobs past their deadline need no slot and no budget. As many at once. */
const EXPIRED_ROOM = 64;
/** How often such jobs are looked for while there is no slot or no budget. */
const STARVED_PAUSE_MS = 250;
const NO_SLOT: CallGrant = { granted: 0, waitMs: STARVED_PAUSE_MS, heldBy: null, probing: false };
/** An upstream that has answered within this time is not down. */
const QUIET_MS = 5000;
/** Choosing among a backlog is dear: calls that the budget grants meanwhile are made together. */
const CHOICE_PAUSE_MS = 250;
/** How long to wait when others have leased what was due. */
const OUTRUN_PAUSE_MS = 50;

/** A step in progress. */
interface RunningStep {
  readonly startedAt: number;
  done: Promise<void>;
  /** False once it only stores what it learned. */
  hasSlot: boolean;
}

/** Leases jobs that are due and moves each by a step, until stopped. Sleeps while nothing is due. */
export class Poller implements AsyncDisposable {
  readonly #options: PollerOptions;
  readonly #stopping = new AbortController();
  readonly #cutting = new AbortController();
  /** By job. */
  readonly #steps = new Map<string, RunningStep>();
  readonly #sent = new SentJobs();
  readonly #turns = new OwnerTurns();
  readonly #pace: SubmissionPace;
  readonly #waiting: WaitingJobs;
  /** With many jobs in progress the same fault can come many times a second. */
  readonly #faults: FaultLog;
  #choseAt = -Infinity;
  /** When the API last answered a call of this process. */
  #answeredAt = -Infinity;
  #wakeUp = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: Unsubscribe = () => {};

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#faults = new FaultLog(options.log, options.clock);
    this.#pace = new SubmissionPace(options.rpm);
    this.#waiting = new WaitingJobs(options, this.#pace);
  }

  /** Resolves once it is told of new work; does nothing after a stop. */
  async start(): Promise<void> {
    const unsubscribe = await this.#options.store.subscribe({ type: 'work' }, () => this.#wake());
    // It may have been stopped meanwhile.
    if (this.#stopping.signal.aborted) return unsubscribe();
    this.#unsubscribe = unsubscribe;
    this.#loop = this.#run();
  }

  /**
   * Leases no more, and waits for the steps in progress; after `graceMs` their upstream calls are cut short, and what
   * that means for each job is stored.
   */
  async stop(graceMs: number): Promise<void> {
    this.#unsubscribe();
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
    const done = new AbortController();
    const grace = this.#options.clock.sleep(graceMs, done.signal).then(() => this.#cutting.abort());
    await Promise.all(this.#steps.values().map((step) => step.done));
    done.abort();
    await grace;
    this.#faults[Symbol.dispose]();
  }

  /** Stops without grace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  #wake(): void {
    this.#wakeUp.abort();
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      // Made before looking, so that a wake-up while looking is not lost.
      this.#wakeUp = new AbortController();
      let pauseMs: number;
      try {
        pauseMs = await this.#leaseAndStart();
        failures = 0;
      } catch (error) {
        pauseMs = Math.min(MAX_STORE_PAUSE_MS, backoffMs(++failures, random()));
        const message = 'the store failed; no job is moved until it is back';
        this.#faults.error({ err: error, retryInMs: pauseMs }, message);
      }
      if (pauseMs > 0 && !this.#stopping.signal.aborted) await clock.sleep(pauseMs, this.#wakeUp.signal);
    }
  }

  /** @returns milliseconds until there is something to do, unless woken */
  async #leaseAndStart(): Promise<number> {
    const { clock, store, budget } = this.#options;
    const now = clock.now();
    const runAt = await store.nextDueAt();
    if (runAt === null) return MAX_PAUSE_MS;
    if (runAt > now) return Math.min(runAt - now, MAX_PAUSE_MS);

    const restMs = this.#choseAt + CHOICE_PAUSE_MS - now;
    if (restMs > 0) return restMs;
    await this.#refreshDurations();
    const free = this.#freeSlots(now);
    const grant = free.slots === 0 ? NO_SLOT : await budget.reserve(free.slots);
    const { granted, heldBy, waitMs } = grant;
    const isShort = heldBy !== null || free.isCrowded;
    const query = { now, limit: granted + EXPIRED_ROOM, callLimit: granted, except: [...this.#steps.keys()] };
    const due = isShort ? await store.findCandidates(query) : null;
    const preferred = due === null ? null : this.#choose(due, grant).map(({ job }) => job.id);
    const leases = await store.leaseDue({ ...query, leaseUntil: now + this.#leaseMs, preferred });
    for (const leased of leases) this.#start(leased);
    const calls = leases.filter(({ job }) => job.deadlineAt > now).length;
    if (calls < granted) await budget.giveBack(granted - calls);
    else if (heldBy !== null) await this.#tellWaiting(heldBy);
    if (leases.length > 0) return 0;
    if (granted > 0) return this.#steps.size > 0 ? STARVED_PAUSE_MS : OUTRUN_PAUSE_MS;
    return Math.min(waitMs, STARVED_PAUSE_MS);
  }

  get #leaseMs(): number {
    return this.#options.callTimeoutMs + LEASE_MARGIN_MS;
  }

  /**
   * How many more calls may begin. When slow steps hold half of the slots, half of the others is kept for jobs that are
   * still to come.
   */
  #freeSlots(now: number): { readonly slots: number; readonly isCrowded: boolean } {
    const running = [...this.#steps.values()].filter(({ hasSlot }) => hasSlot);
    const free = Math.max(0, CONCURRENCY - running.length);
    if (free > CONCURRENCY / 2) return { slots: free, isCrowded: false };
    const slow = running.filter(({ startedAt }) => now - startedAt > SLOW_STEP_MS).length;
    const isCrowded = slow >= CONCURRENCY / 2;
    return { slots: isCrowded ? Math.ceil(free / 2) : free, isCrowded };
  }

  /** What is learned from others is of use, not needed. */
  async #refreshDurations(): Promise<void> {
    try {
      await this.#options.durations.refresh();
    } catch (error) {
      this.#faults.warn({ err: error }, 'what other jobs took cannot be read');
    }
  }

  #choose(due: readonly DueJob[], { probing, heldBy }: CallGrant): readonly DueJob[] {
    const { durations, clock } = this.#options;
    const now = clock.now();
    if (heldBy === 'rate-limit') this.#choseAt = now;
    const priority = callPriority(durations, now, probing);
    // A probe is one call for all owners.
    return probing ? due.toSorted((a, b) => priority(b) - priority(a)) : this.#turns.order(due, priority);
  }

  async #tellWaiting(heldBy: NonNullable<CallGrant['heldBy']>): Promise<void> {
    const isRateLimit = heldBy === 'rate-limit';
    const told = await this.#waiting.tell(isRateLimit ? 'RATE_LIMIT' : 'UPSTREAM_UNAVAILABLE');
    if (told === 0) return;
    const message = isRateLimit ? 'jobs are waiting for the rate limit' : 'jobs are waiting for the upstream';
    this.#faults.info({ jobs: told }, message);
  }

  #start(leased: LeasedJob): void {
    const { clock, budget } = this.#options;
    const { job } = leased;
    const now = clock.now();
    this.#turns.served(leased);
    if (job.phase === 'accepted' && job.waitingFor === 'RATE_LIMIT') this.#pace.submitted(now);
    const running: RunningStep = { startedAt: now, done: Promise.resolve(), hasSlot: true };
    this.#steps.set(job.id, running);
    running.done = processJob(leased, {
      ...this.#options,
      leaseMs: this.#leaseMs,
      sent: this.#sent,
      signal: this.#cutting.signal,
      reserveCall: async () => {
        const { granted, waitMs } = await budget.reserve(1);
        return { granted: granted > 0, waitMs };
      },
      onCallsOver: () => {
        running.hasSlot = false;
        this.#wake();
      },
    })
      .then(
        (report) => {
          this.#report(leased, report);
          return this.#account(report);
        },
        (error: unknown) => {
          const message = 'a step failed; it is repeated after its lease';
          this.#faults.error({ err: error, jobId: job.id }, message);
        },
      )
      .catch((error: unknown) => {
        this.#faults.error({ err: error }, 'what a call told of the upstream could not be stored');
      })
      .finally(() => {
        this.#steps.delete(job.id);
        this.#wake();
      });
  }

  async #account({ call, learned }: StepReport): Promise<void> {
    const { clock, budget, durations, random, log } = this.#options;
    const isFault = typeof call === 'object';
    const isRefusal = isFault && call.rateLimited;
    if (isRefusal) await budget.refused(random(), call.retryAfterMs);
    const isAlive = call === 'answered' || (isFault && call.apiAnswered);
    const now = clock.now();
    if (isAlive) this.#answeredAt = now;
    // While others are answered, a job that fails says nothing about the upstream.
    const isQuiet = now - this.#answeredAt >= QUIET_MS;
    const isSilent = call === 'lost' || (isFault && !call.apiAnswered && call.local !== true && isQuiet);
    const isReport = !isRefusal && (isAlive || isSilent);
    const change = !isReport ? null : isAlive ? await budget.answered() : await budget.failed();
    if (change === 'opened') log.warn({}, 'the upstream is down: it is only probed until it is back');
    if (change === 'closed') log.info({}, 'the upstream is back');
    await durations.learn(learned);
  }

  #report(leased: LeasedJob, { job, outcome, call }: StepReport): void {
    const { log } = this.#options;
    const details = { jobId: job.id, upstreamId: job.upstreamId, phase: job.phase, version: job.version };
    if (outcome === 'missing')
      log.error(details, 'the store no longer has this job: what it learned is lost');
    else if (outcome === 'superseded') log.warn(details, 'another poller has taken the job over');
    else if (job.failure !== null) log.warn({ ...details, failure: job.failure }, 'job failed');
    else if (isFinal(job)) log.info(details, 'job completed');
    else if (job.phase !== leased.job.phase) log.info(details, `job ${job.phase}`);
    if (typeof call === 'object') {
      const message = 'an upstream call failed; it is repeated with a growing pause';
      this.#faults.warn({ ...details, fault: call }, message);
    }
  }
}
