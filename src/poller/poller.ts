import { LRUCache } from 'lru-cache';
import { forcedEndAt } from '../domain/job/job.ts';
import type { CallGrant } from '../domain/polling/call-budget-rules.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { FaultEvent, WaitingEvent } from '../events/gateway-events.ts';
import { endWork, WorkLoop } from '../process/work-loop.ts';
import type { CallBudget } from '../store/call-budget.ts';
import type { DueJob, DueQuery, LeasedJob, Unsubscribe } from '../store/job-store.ts';
import { callPriority } from './call-priority.ts';
import { FairQueueing } from './fair-queueing.ts';
import type { LearnedDurations } from './learned-durations.ts';
import { processJob, type StepReport } from './process-job.ts';
import { RunningSteps } from './running-steps.ts';
import type { SentOutcome, StepDependencies } from './step.ts';
import { WaitingJobs } from './waiting-jobs.ts';

export interface PollerOptions extends Pick<
  StepDependencies,
  | 'store'
  | 'submissions'
  | 'upstream'
  | 'clock'
  | 'random'
  | 'events'
  | 'callTimeoutMs'
  | 'retentionMs'
  | 'archives'
  | 'targetsOf'
> {
  readonly durations: LearnedDurations;
  readonly budget: CallBudget;
}

/** Milliseconds that a step may take beyond its upstream call before another poller takes the job over. */
const LEASE_MARGIN_MS = 30_000;
/** The longest pause between two runs without a wake-up. */
const MAX_PAUSE_MS = 60_000;
/** The longest pause between two tries while the store fails. */
const MAX_STORE_PAUSE_MS = 5000;
/** Jobs past their deadline need no slot and no budget. At most this many are leased at once. */
const MAX_EXPIRED = 64;
/** Milliseconds between two leases of expired jobs while there is no slot or no budget. */
const STARVED_PAUSE_MS = 250;
const NO_SLOT: CallGrant = { granted: 0, waitMs: STARVED_PAUSE_MS, limitedBy: null, probing: false };
/** An upstream that answered a call within this time is not down. */
const SILENCE_MS = 5000;
/** Ranking a backlog is expensive, so the calls that can begin within this time are ranked together. */
const RANKING_PAUSE_MS = 250;
/**
 * Leasing one job costs about as much as leasing many. So when few slots are free, the next lease waits until this many are, or until
 * this many milliseconds after the last one.
 */
const LEASE_BATCH = 32;
const LEASE_PAUSE_MS = 5;
/** Milliseconds to wait when other pollers have leased the due jobs. */
const OUTRUN_PAUSE_MS = 50;
/** The number of remembered POSTs; past it the least recently used is dropped. About 20 MB. */
const MAX_SENT_JOBS = 50_000;

/**
 * Leases due jobs and moves each by one step, until it is stopped. One run sleeps until a job is due, reserves calls for the free slots,
 * ranks the candidates when calls or slots are short, leases jobs, starts a step for each, and returns unused calls.
 */
export class Poller implements AsyncDisposable {
  readonly #options: PollerOptions;
  readonly #aborting = new AbortController();
  readonly #steps = new RunningSteps();
  readonly #sent = new LRUCache<string, SentOutcome>({ max: MAX_SENT_JOBS });
  readonly #fairQueueing = new FairQueueing();
  readonly #waiting: WaitingJobs;
  #leasedAt = -Infinity;
  #lastRanking = { at: -Infinity, isRateLimited: false };
  /** Null: no job waits for the budget. */
  #lastWaiting: WaitingEvent | null = null;
  /** When the API last answered a call of this process. */
  #answeredAt = -Infinity;
  readonly #loop: WorkLoop;
  #unsubscribe: Unsubscribe = () => {};

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#waiting = new WaitingJobs(options);
    this.#loop = new WorkLoop({
      ...options,
      work: () => this.#leaseAndStart(),
      maxFaultPauseMs: MAX_STORE_PAUSE_MS,
      fault: { part: 'poller', message: 'the store failed; polling pauses until it is available' },
    });
  }

  /** Resolves when it is subscribed to new work. Does nothing after a stop. */
  async start(): Promise<void> {
    const unsubscribe = await this.#options.store.subscribe({ type: 'work' }, () => this.#loop.wake());
    // `stop` may have been called meanwhile.
    if (this.#loop.isStopped) return unsubscribe();
    this.#unsubscribe = unsubscribe;
    this.#loop.start();
  }

  /**
   * Leases no more jobs, and waits for the steps in progress. After `graceMs` it aborts their upstream calls, and the steps store
   * the consequences.
   */
  async stop(graceMs: number): Promise<void> {
    this.#unsubscribe();
    await this.#loop.stop();
    await endWork(this.#steps.end(), this.#aborting, graceMs, this.#options.clock);
  }

  /** Stops without grace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  /** @returns milliseconds until the next run, unless woken */
  async #leaseAndStart(): Promise<number> {
    const { clock, store, budget, events } = this.#options;
    const now = clock.now();
    const free = this.#steps.freeSlots(now);
    const leasePauseMs = this.#leasedAt + LEASE_PAUSE_MS - now;
    if (free.slots < LEASE_BATCH && leasePauseMs > 0) return leasePauseMs;
    const runAt = await store.nextDueAt();
    if (runAt === null || runAt > now) {
      this.#emitWaiting(null);
      return Math.min((runAt ?? Infinity) - now, MAX_PAUSE_MS);
    }

    const pauseMs = this.#lastRanking.at + RANKING_PAUSE_MS - now;
    if (pauseMs > 0 && (this.#lastRanking.isRateLimited || free.isCrowded)) return pauseMs;
    await this.#refreshDurations();
    const grant = free.slots === 0 ? NO_SLOT : await budget.reserve(free.slots);
    const { granted, limitedBy, waitMs } = grant;
    const isShort = limitedBy !== null || free.isCrowded;
    const query = { now, limit: granted + MAX_EXPIRED, callLimit: granted, except: this.#steps.jobIds };
    const { due, leases } = await this.#lease(query, grant, isShort);
    const durationMs = clock.now() - now;
    const counts = { wanted: free.slots, granted, leased: leases.length };
    events.emit('claim', { ...counts, latenessMs: now - runAt, durationMs });
    if (leases.length > 0) this.#leasedAt = now;
    for (const leased of leases) this.#start(leased);
    const calls = leases.filter(({ job }) => forcedEndAt(job) > now).length;
    if (calls < granted) await budget.release(granted - calls);
    if (calls === granted && limitedBy !== null) {
      const updated = await this.#waiting.update(grant, () => this.#nextCalls());
      const known = Math.max((due?.length ?? 0) - leases.length, updated);
      // Without a granted call the store reads no candidates. At least one job was due.
      const jobs = granted > 0 ? known : Math.max(known, this.#lastWaiting?.jobs ?? 1);
      this.#emitWaiting(jobs > 0 ? { limitedBy, jobs } : null);
    } else if (granted > 0) this.#emitWaiting(null);
    if (leases.length > 0) return 0;
    if (granted > 0) return this.#steps.jobIds.length > 0 ? STARVED_PAUSE_MS : OUTRUN_PAUSE_MS;
    return Math.min(waitMs, STARVED_PAUSE_MS);
  }

  /** Leases jobs for the granted calls. When the store fails, none of these is made, and they are returned. */
  async #lease(query: DueQuery, grant: CallGrant, isShort: boolean) {
    const { clock, store, budget } = this.#options;
    try {
      const due = isShort ? await store.findCandidates(query) : null;
      const preferred = due === null ? null : this.#rank(due, grant).map(({ job }) => job.id);
      // The time now: a slow answer of the store must not shorten the leases.
      const leaseUntil = clock.now() + this.#leaseMs;
      return { due, leases: await store.leaseDue({ ...query, leaseUntil, preferred }) };
    } catch (error) {
      if (grant.granted > 0) await budget.release(grant.granted).catch(() => {});
      throw error;
    }
  }

  #emitWaiting(waiting: WaitingEvent | null): void {
    const last = this.#lastWaiting;
    this.#lastWaiting = waiting;
    const event = waiting ?? (last && { ...last, jobs: 0 });
    if (event !== null) this.#options.events.emit('budget:waiting', event);
  }

  get #leaseMs(): number {
    return this.#options.callTimeoutMs + LEASE_MARGIN_MS;
  }

  /** Does not throw: without new durations the poller continues. */
  async #refreshDurations(): Promise<void> {
    try {
      await this.#options.durations.refresh();
    } catch (error) {
      const message = 'the learned durations cannot be read; the last ones are used';
      this.#emitFault('warn', message, { err: error });
    }
  }

  #rank(due: readonly DueJob[], { probing, limitedBy }: CallGrant): readonly DueJob[] {
    const { durations, clock } = this.#options;
    const now = clock.now();
    // A probe has a pause of its own, that of the circuit.
    if (!probing) this.#lastRanking = { at: now, isRateLimited: limitedBy === 'rate-limit' };
    const priority = callPriority(durations, now, probing);
    // A probe is one call for all owners, so it needs no fair order.
    return probing
      ? due.toSorted((a, b) => priority(b) - priority(a))
      : this.#fairQueueing.order(due, priority);
  }

  /** The due jobs in the order of their next calls. */
  async #nextCalls(): Promise<readonly DueJob[]> {
    const { clock, store, durations } = this.#options;
    const now = clock.now();
    const query = { now, limit: MAX_EXPIRED + 1, callLimit: 1, except: this.#steps.jobIds };
    const due = await store.findCandidates(query);
    return this.#fairQueueing.order(due ?? [], callPriority(durations, now, false));
  }

  #start(leased: LeasedJob): void {
    const { clock, budget, events } = this.#options;
    const { job, failureCount } = leased;
    const now = clock.now();
    this.#fairQueueing.onServed(leased);
    const running = this.#steps.add(job.id, now);
    events.emit('step:start', { job, startedAt: now, failureCount });
    running.done = processJob(leased, {
      ...this.#options,
      leaseMs: this.#leaseMs,
      sent: this.#sent,
      signal: this.#aborting.signal,
      reserveCall: async () => {
        const { granted, waitMs } = await budget.reserve(1);
        return { granted: granted > 0, waitMs };
      },
      onCallsDone: () => {
        running.hasSlot = false;
        this.#loop.wake();
      },
    })
      .then(
        (report) => {
          this.#emitEnd(leased, report, now);
          this.#waiting.onStep(report.job);
          return this.#updateBudget(report);
        },
        (error: unknown) => {
          const durationMs = clock.now() - now;
          events.emit('step:end', { before: job, job, outcome: 'failed', startedAt: now, durationMs, error });
          const message = 'a step failed; it is repeated after its lease expires';
          this.#emitFault('error', message, { err: error, jobId: job.id });
        },
      )
      .catch((error: unknown) => {
        const message = 'the call budget or the learned durations could not be stored';
        this.#emitFault('error', message, { err: error });
      })
      .finally(() => {
        this.#steps.delete(job.id);
        this.#loop.wake();
      });
  }

  #emitEnd(leased: LeasedJob, { job, outcome, call }: StepReport, startedAt: number): void {
    const { clock, events } = this.#options;
    const before = leased.job;
    const isUnchanged = outcome === 'saved' && job.version === before.version;
    events.emit('step:end', {
      before,
      job,
      outcome: isUnchanged ? 'unchanged' : outcome,
      startedAt,
      durationMs: clock.now() - startedAt,
    });
    // The owner may cancel a job while it is processed.
    if (outcome !== 'saved' && job.failure?.code !== 'CANCELED') {
      events.emit('job:lost', { job, reason: outcome });
    }
    if (typeof call !== 'object') return;
    const { id: jobId, upstreamId, phase, version } = job;
    const message = 'an upstream call failed; it is repeated with a growing pause';
    this.#emitFault('warn', message, { jobId, upstreamId, phase, version, fault: call });
  }

  #emitFault(level: FaultEvent['level'], message: string, details: FaultEvent['details']): void {
    emitFault(this.#options.events, 'poller', level, message, details);
  }

  async #updateBudget({ call, learned }: StepReport): Promise<void> {
    const { clock, budget, durations, random } = this.#options;
    const error = typeof call === 'object' ? call : null;
    const hasAnswered = call === 'answered' || error?.apiAnswered === true;
    const now = clock.now();
    if (hasAnswered) this.#answeredAt = now;
    if (error?.rateLimited === true) await budget.onRateLimited(random(), error.retryAfterMs);
    else if (hasAnswered) await budget.onAnswered();
    else {
      // While the API answers other calls, an error says nothing about the API.
      const isSilent = now - this.#answeredAt >= SILENCE_MS;
      const hasFailed = call === 'lost' || (error !== null && error.local !== true && isSilent);
      if (hasFailed) await budget.onFailed();
    }
    await durations.learn(learned);
  }
}
