import { LRUCache } from 'lru-cache';
import type { Clock } from '../../domain/clock.ts';
import { emitFault } from '../../events/emit-fault.ts';
import type { DeliveryEvent, EventEmitter } from '../../events/gateway-events.ts';
import { endWork, WorkLoop } from '../../process/work-loop.ts';
import type { MessageClient, MessageOutcome } from '../../providers/message-client.ts';
import type { DeliveryResult, LeasedDelivery, WebhookDeliveries } from '../../store/webhook-deliveries.ts';
import { boundedRetryAfter, postponedMs, retryPauseMs } from './retry-plan.ts';
import { MAX_ATTEMPTS, TargetSlots } from './target-slots.ts';

/** A message as it is sent. */
export interface SignedMessage {
  readonly body: string;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A message that may not be sent as the gateway is set up now. */
export interface UnsendableMessage {
  /** A sentence for the owner of the job. */
  readonly reason: string;
}

export interface WebhookDelivererOptions {
  readonly deliveries: WebhookDeliveries;
  /** Writes and signs the message of a delivery. @param now epoch milliseconds */
  readonly messageOf: (delivery: LeasedDelivery, now: number) => SignedMessage | UnsendableMessage;
  readonly client: Pick<MessageClient, 'post'>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: EventEmitter;
}

/** What a report says about the attempt. `attempt` is null when the delivery was given up without one. */
interface AttemptFacts extends Pick<DeliveryEvent, 'attempt' | 'startedAt' | 'durationMs'> {
  readonly isGivenUp: boolean;
}

/** An attempt that was made, of a delivery as it was leased for it. */
interface MadeAttempt extends Pick<DeliveryEvent, 'startedAt' | 'durationMs'> {
  readonly of: Pick<LeasedDelivery, 'attempts' | 'resentAt'>;
  readonly outcome: MessageOutcome;
  readonly result: DeliveryResult;
}

/** Milliseconds of a lease: longer than an attempt, whose result it must cover. */
const LEASE_MS = 30_000;
/** Milliseconds between two looks for due deliveries: other processes add them. */
const MAX_PAUSE_MS = 1000;
/** The longest pause between two tries while the store fails. */
const MAX_STORE_PAUSE_MS = 5000;
/** Milliseconds to wait when other workers have leased the due deliveries. */
const OUTRUN_PAUSE_MS = 250;
/** Results that are kept while the store cannot be written. */
const MAX_UNSTORED = 10_000;

/**
 * Leases due deliveries and attempts each, until it is stopped. A process that dies loses none: its leases expire, and then the deliveries
 * are attempted again. So a receiver may get a message more than once, with the same id.
 */
export class WebhookDeliverer implements AsyncDisposable {
  readonly #options: WebhookDelivererOptions;
  readonly #aborting = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #slots = new TargetSlots();
  /**
   * Attempts by delivery whose result is not stored yet: without it, each expired lease would repeat an accepted message. Jobs are not kept
   * with them, because they are large.
   */
  readonly #unstored = new LRUCache<string, MadeAttempt>({ max: MAX_UNSTORED });
  readonly #loop: WorkLoop;

  constructor(options: WebhookDelivererOptions) {
    this.#options = options;
    this.#loop = new WorkLoop({
      ...options,
      work: () => this.#leaseAndStart(),
      maxFaultPauseMs: MAX_STORE_PAUSE_MS,
      fault: { part: 'deliveries', message: 'the store failed; webhooks pause until it is available' },
    });
  }

  /** Does nothing after a stop. */
  start(): void {
    this.#loop.start();
  }

  /**
   * Leases no more deliveries, and waits for the attempts in progress. After `graceMs` it aborts them; they are due at once for other
   * workers.
   */
  async stop(graceMs: number): Promise<void> {
    await this.#loop.stop();
    await endWork(Promise.all(this.#running), this.#aborting, graceMs, this.#options.clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0);
  }

  /** @returns milliseconds until the next run, unless woken */
  async #leaseAndStart(): Promise<number> {
    const { deliveries, clock } = this.#options;
    const limit = MAX_ATTEMPTS - this.#running.size;
    if (limit <= 0) return MAX_PAUSE_MS;
    const now = clock.now();
    const runAt = await deliveries.nextDueAt();
    if (runAt === null || runAt > now) return Math.min(MAX_PAUSE_MS, (runAt ?? Infinity) - now);
    // The time now: a slow answer of the store must not shorten the leases.
    const leasedAt = clock.now();
    const leased = await deliveries.lease({ now: leasedAt, limit, leaseUntil: leasedAt + LEASE_MS });
    for (const delivery of leased) this.#start(delivery);
    return leased.length > 0 ? 0 : OUTRUN_PAUSE_MS;
  }

  #start(delivery: LeasedDelivery): void {
    const running = this.#work(delivery)
      .catch((error: unknown) => {
        // The lease expires, and then the delivery is due again.
        const details = { err: error, jobId: delivery.jobId };
        this.#fault('the work on a webhook failed; it is repeated later', details);
      })
      .finally(() => {
        this.#running.delete(running);
        this.#loop.wake();
      });
    this.#running.add(running);
  }

  async #work(delivery: LeasedDelivery): Promise<void> {
    const { deliveries, clock, random } = this.#options;
    const { id, url, job, attempts, resentAt } = delivery;
    const target = new URL(url);
    const { origin } = target;
    const now = clock.now();
    const made = this.#unstored.get(id);
    if (made?.of.attempts === attempts && made.of.resentAt === resentAt) return this.#finish(delivery, made);
    if (resentAt !== null && attempts === 0) this.#slots.endPause(origin, job.ownerId, resentAt);
    const entry = this.#slots.enter(origin, job.ownerId, now);
    if (entry === 'failing') return this.#postpone(delivery, 'The target answers no requests at present.');
    if (entry !== 'entered') {
      const from = entry === 'held' ? this.#slots.heldUntil(origin, job.ownerId) : now;
      const nextAttemptAt = this.#slots.turnAt(origin, job.ownerId, from, random());
      const lastError = entry === 'held' ? 'The target has asked for a pause.' : delivery.lastError;
      await deliveries.settle(delivery, { ...delivery, nextAttemptAt, lastError });
      return;
    }
    const message = this.#messageOf(delivery, now);
    if ('reason' in message) {
      this.#leave(origin, job.ownerId, null, now);
      return this.#postpone(delivery, message.reason);
    }
    let outcome: MessageOutcome | null = null;
    try {
      outcome = await this.#options.client.post({ url: target, ...message, signal: this.#aborting.signal });
    } finally {
      this.#leave(origin, job.ownerId, outcome, now);
    }
    if (this.#aborting.signal.aborted && outcome.type === 'unanswered') {
      await deliveries.settle(delivery, { ...delivery, nextAttemptAt: clock.now() });
      return;
    }
    const times = { startedAt: now, durationMs: clock.now() - now };
    const result = this.#resultOf(delivery, outcome);
    await this.#finish(delivery, { of: { attempts, resentAt }, outcome, result, ...times });
  }

  /** Stores the result of an attempt and reports it. It is kept until the store takes it. */
  async #finish(delivery: LeasedDelivery, made: MadeAttempt): Promise<void> {
    const { outcome, result, startedAt, durationMs } = made;
    this.#unstored.set(delivery.id, made);
    const isGivenUp = await this.#settle(delivery, result);
    this.#unstored.delete(delivery.id);
    const attempt = { attempt: result.attempts, startedAt, durationMs, isGivenUp };
    this.#report(delivery, outcome, result.lastError, attempt);
  }

  #messageOf(delivery: LeasedDelivery, now: number): SignedMessage | UnsendableMessage {
    try {
      return this.#options.messageOf(delivery, now);
    } catch (error) {
      const { id: deliveryId, jobId } = delivery;
      this.#fault('a webhook cannot be written; it is tried again later', { err: error, jobId, deliveryId });
      return { reason: 'The gateway cannot write the message.' };
    }
  }

  /** Leaves a delivery for later without an attempt. */
  async #postpone(delivery: LeasedDelivery, lastError: string): Promise<void> {
    const { clock, random } = this.#options;
    const { job, resentAt } = delivery;
    const now = clock.now();
    const pauseMs = postponedMs(now - (resentAt ?? job.finishedAt ?? job.updatedAt), random());
    const nextAttemptAt = pauseMs === null ? null : now + pauseMs;
    const isGivenUp = await this.#settle(delivery, { ...delivery, nextAttemptAt, lastError });
    const facts = { attempt: null, startedAt: now, durationMs: 0, isGivenUp };
    if (isGivenUp) this.#report(delivery, null, lastError, facts);
  }

  /** Stores a result, and reports when the delivery is given up by it. @returns whether it is */
  async #settle(delivery: LeasedDelivery, result: DeliveryResult): Promise<boolean> {
    const settled = await this.#options.deliveries.settle(delivery, result);
    const { lastError: reason } = result;
    // A delivery that was to be sent again during the attempt is due. Without its lease, another worker has it.
    const isGivenUp = reason !== null && settled !== null && settled.nextAttemptAt === null;
    if (isGivenUp) {
      const { id: deliveryId, jobId, url } = delivery;
      const message = 'a webhook was not delivered and is not tried again; redeliverWebhook sends it again';
      const details = { jobId, deliveryId, host: new URL(url).host, reason };
      emitFault(this.#options.events, 'deliveries', 'warn', message, details);
    }
    return isGivenUp;
  }

  #leave(origin: string, ownerId: string, outcome: MessageOutcome | null, startedAt: number): void {
    const now = this.#options.clock.now();
    const isAnswering = outcome === null ? null : outcome.type === 'answered';
    const asked = outcome?.type === 'answered' && isRefusal(outcome.status) ? outcome.retryAfterMs : null;
    const heldUntil = asked === null ? 0 : now + boundedRetryAfter(asked);
    const aborted = this.#aborting.signal.aborted;
    this.#slots.leave(origin, ownerId, {
      isAnswering: aborted ? null : isAnswering,
      heldUntil,
      endedAt: now,
      durationMs: now - startedAt,
    });
  }

  #resultOf({ attempts: before, deliveredAt }: LeasedDelivery, outcome: MessageOutcome): DeliveryResult {
    const { clock, random } = this.#options;
    const now = clock.now();
    const attempts = before + 1;
    const lastStatus = outcome.type === 'answered' ? outcome.status : null;
    if (lastStatus !== null && lastStatus >= 200 && lastStatus < 300) {
      return { attempts, lastStatus, lastError: null, nextAttemptAt: null, deliveredAt: now };
    }
    const retryAfterMs = outcome.type === 'answered' ? outcome.retryAfterMs : null;
    const pauseMs = lastStatus === GONE ? null : retryPauseMs(attempts, retryAfterMs, random());
    const lastError = outcome.type === 'answered' ? describe(outcome.status) : outcome.reason;
    return {
      attempts,
      lastStatus,
      lastError,
      nextAttemptAt: pauseMs === null ? null : now + pauseMs,
      deliveredAt,
    };
  }

  /** @param outcome null: it was given up without a last attempt */
  #report(
    { id: deliveryId, jobId, url, job }: LeasedDelivery,
    outcome: MessageOutcome | null,
    reason: string | null,
    { attempt, startedAt, durationMs, isGivenUp }: AttemptFacts,
  ): void {
    this.#options.events.emit('delivery', {
      deliveryId,
      jobId,
      traceparent: job.traceparent,
      host: new URL(url).host,
      outcome: reason === null ? 'delivered' : isGivenUp ? 'failed' : 'retry',
      attempt,
      status: outcome?.type === 'answered' ? outcome.status : null,
      reason,
      startedAt,
      durationMs,
    });
  }

  #fault(message: string, details: Readonly<Record<string, unknown>>): void {
    emitFault(this.#options.events, 'deliveries', 'error', message, details);
  }
}

/** The receiver wants no more messages: Standard Webhooks. */
const GONE = 410;

/** Answers whose `Retry-After` is about the whole target (RFC 9110, RFC 6585). */
function isRefusal(status: number): boolean {
  return status === 429 || status === 503;
}

/** What an answer that is not an acceptance means, for the owner of the job. */
function describe(status: number): string {
  if (status === GONE) return 'The target answered 410: it wants no more messages.';
  if (status >= 300 && status < 400) return `The target answered ${status}: redirects are not followed.`;
  return `The target answered ${status}.`;
}
