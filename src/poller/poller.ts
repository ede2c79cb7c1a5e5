import { backoffMs } from '../domain/backoff.ts';
import { isFinal } from '../domain/job.ts';
import type { CallBudget, CallGrant } from '../store/call-budget.ts';
import type { Claim, Unwatch } from '../store/job-store.ts';
import { advance, type StepDependencies, type StepReport } from './advance.ts';
import { callWorth } from './call-worth.ts';
import type { LearnedDurations } from './learned-durations.ts';
import { UpstreamCircuit } from './upstream-circuit.ts';

/** What the loop tells of itself. `error` calls come with the cause under `err`. */
export interface PollerLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What the loop works with. */
export interface PollerOptions extends Omit<StepDependencies, 'signal' | 'leaseUntil'> {
  readonly durations: LearnedDurations;
  readonly budget: CallBudget;
  readonly log: PollerLog;
}

/** Steps under way at once. Each waits on the network most of the time. */
const CONCURRENCY = 256;
/** What a step may take beyond its upstream call before another poller takes the job over. */
const LEASE_MARGIN_MS = 30_000;
/** Timers can't be set further ahead than 24.8 days; this also bounds what a clock that jumps can do. */
const MAX_PAUSE_MS = 60_000;
/** Jobs past their deadline are ended without a call: they wait for no slot and no budget. As many at once. */
const EXPIRED_ROOM = 64;
/** How often such jobs are looked for while there is no slot or no budget. */
const STARVED_PAUSE_MS = 250;
const NO_SLOT: CallGrant = { granted: 0, waitMs: STARVED_PAUSE_MS };
/** How often, at most, a failing upstream is worth a warning. */
const WARNING_PAUSE_MS = 10_000;
/** How long to wait when others have claimed what was due. */
const OUTRUN_PAUSE_MS = 50;

/** Claims jobs that are due and moves each by a step, until stopped. Sleeps while nothing is due. */
export class Poller implements AsyncDisposable {
  readonly #options: PollerOptions;
  readonly #stopping = new AbortController();
  readonly #cutting = new AbortController();
  readonly #steps = new Set<Promise<void>>();
  readonly #circuit: UpstreamCircuit;
  #warnedAt = -Infinity;
  #alarm = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #unwatch: Unwatch = () => {};

  constructor(options: PollerOptions) {
    this.#options = options;
    const { log } = options;
    this.#circuit = new UpstreamCircuit({
      opened: () => log.warn({}, 'the upstream is down: it is only probed until it is back'),
      closed: () => log.info({}, 'the upstream is back'),
    });
  }

  /** Resolves once new work is heard of; does nothing after a stop. */
  async start(): Promise<void> {
    const unwatch = await this.#options.store.watch({ type: 'work' }, () => this.#wake());
    // It may have been stopped meanwhile.
    if (this.#stopping.signal.aborted) return unwatch();
    this.#unwatch = unwatch;
    this.#loop = this.#run();
  }

  /**
   * Claims no more, and waits for the steps under way; after `graceMs` their upstream calls are cut short, and what
   * that means for each job is stored.
   */
  async stop(graceMs: number): Promise<void> {
    this.#unwatch();
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
    const done = new AbortController();
    const grace = this.#options.clock.sleep(graceMs, done.signal).then(() => this.#cutting.abort());
    await Promise.all(this.#steps);
    done.abort();
    await grace;
  }

  /** Stops without grace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  #wake(): void {
    this.#alarm.abort();
  }

  async #run(): Promise<void> {
    const { clock, log, random } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      // Made before looking, so that a wake-up while looking is not lost.
      this.#alarm = new AbortController();
      let pauseMs: number;
      try {
        pauseMs = await this.#claimAndStart();
        failures = 0;
      } catch (error) {
        pauseMs = backoffMs(++failures, random());
        log.error({ err: error, retryInMs: pauseMs }, 'the store failed; no job is moved until it is back');
      }
      if (pauseMs > 0 && !this.#stopping.signal.aborted) await clock.sleep(pauseMs, this.#alarm.signal);
    }
  }

  /** @returns milliseconds until there is something to do, unless woken */
  async #claimAndStart(): Promise<number> {
    const { clock, store, budget, durations, callTimeoutMs } = this.#options;
    const now = clock.now();
    const dueAt = await store.nextDueAt();
    if (dueAt === null) return MAX_PAUSE_MS;
    if (dueAt > now) return Math.min(dueAt - now, MAX_PAUSE_MS);

    await durations.refresh();
    const free = Math.max(0, CONCURRENCY - this.#steps.size);
    const { granted, waitMs } = await this.#reserve(free, now);
    const leaseUntil = now + callTimeoutMs + LEASE_MARGIN_MS;
    // When calls are short those go first that are worth most.
    const worth = granted < free ? callWorth(durations, now, this.#circuit.isOpen) : null;
    const limit = granted + EXPIRED_ROOM;
    const claims = await store.claimDue({ now, leaseUntil, limit, callLimit: granted, worth });
    for (const claim of claims) this.#start(claim, leaseUntil);
    const calls = claims.filter(({ job }) => job.deadlineAt > now).length;
    if (calls > 0 && this.#circuit.isOpen) this.#circuit.probing(now);
    if (calls < granted) await budget.giveBack(granted - calls, clock.now());
    if (claims.length > 0) return 0;
    return granted > 0 ? OUTRUN_PAUSE_MS : Math.min(waitMs, STARVED_PAUSE_MS);
  }

  async #reserve(wanted: number, now: number): Promise<CallGrant> {
    if (wanted === 0) return NO_SLOT;
    const allowed = this.#circuit.allow(wanted, now);
    if (allowed.granted === 0) return allowed;
    return this.#options.budget.reserve(allowed.granted, now);
  }

  #start(claim: Claim, leaseUntil: number): void {
    const { log } = this.#options;
    const dependencies = { ...this.#options, leaseUntil, signal: this.#cutting.signal };
    const step = advance(claim, dependencies)
      .then(
        (report) => {
          this.#report(claim, report);
          return this.#account(report);
        },
        (error: unknown) => {
          log.error({ err: error, jobId: claim.job.id }, 'a step failed; it is repeated after its lease');
        },
      )
      .catch((error: unknown) => {
        log.error({ err: error }, 'what a call told of the upstream could not be stored');
      })
      .finally(() => {
        this.#steps.delete(step);
        this.#wake();
      });
    this.#steps.add(step);
  }

  async #account({ call, learned }: StepReport): Promise<void> {
    const { clock, budget, durations, random } = this.#options;
    const now = clock.now();
    if (typeof call === 'object' && call.rateLimited) await budget.refused(now, random(), call.retryAfterMs);
    else if (call !== 'none') await this.#circuit.tell(call === 'served' ? 'answered' : 'failed', now);
    await durations.learn(learned);
  }

  #report(claim: Claim, { job, held, call }: StepReport): void {
    const { log } = this.#options;
    const details = { jobId: job.id, upstreamId: job.upstreamId, phase: job.phase, version: job.version };
    if (!held) log.warn(details, 'another poller has taken the job over');
    else if (job.failure !== null) log.warn({ ...details, failure: job.failure }, 'job failed');
    else if (isFinal(job)) log.info(details, 'job completed');
    else if (job.phase !== claim.job.phase) log.info(details, `job ${job.phase}`);
    if (typeof call === 'object') this.#warn({ ...details, fault: call });
  }

  /** With many jobs under way an upstream that is down fails many calls a second: one of them tells it all. */
  #warn(details: object): void {
    const { clock, log } = this.#options;
    const message = 'an upstream call failed; it is repeated with a growing pause';
    const now = clock.now();
    if (now - this.#warnedAt < WARNING_PAUSE_MS) return log.debug(details, message);
    this.#warnedAt = now;
    log.warn(details, message);
  }
}
