import { setTimeout as delay } from 'node:timers/promises';
import type { FormattedExecutionResult, GraphQLFormattedError, ExecutionResult } from 'graphql';
import { backoffMs } from '../../domain/polling/backoff.ts';
import { formatErrors, formatResult, maskError } from '../../operations/results.ts';
import type { MessageClient } from '../../providers/message-client.ts';
import type { CallbackTarget } from './target.ts';

/** A message to a router. */
export type CallbackMessage =
  | { readonly action: 'check' }
  | { readonly action: 'next'; readonly payload: FormattedExecutionResult }
  | { readonly action: 'complete'; readonly errors?: readonly GraphQLFormattedError[] };

/** Attempts to send a message before the subscription ends. */
const MAX_ATTEMPTS = 5;
/** Share of the router's interval after which a heartbeat is sent: it must arrive before the interval ends. */
const HEARTBEAT_SHARE = 0.8;

/**
 * One subscription whose messages are sent to a router one after the other. While a message is being sent, the source keeps only the
 * newest state. The subscription ends with its events, or when the router does not accept a message; 404 means that the router has
 * ended it.
 */
export class CallbackSubscription {
  readonly #target: CallbackTarget;
  readonly #events: AsyncIterator<ExecutionResult>;
  readonly #router: MessageClient;
  readonly #ended = new AbortController();
  /** Resolves when all messages so far are delivered. It never rejects. */
  #deliveries: Promise<void> = Promise.resolve();
  /** Number of messages that are not delivered yet. */
  #waiting = 0;

  constructor(target: CallbackTarget, events: AsyncIterator<ExecutionResult>, router: MessageClient) {
    this.#target = target;
    this.#events = events;
    this.#router = router;
  }

  /** Asks the router whether it expects this subscription. If not, the subscription ends. */
  async check(): Promise<boolean> {
    const status = await this.#post({ action: 'check' }, this.#ended.signal);
    if (status === 204 && !this.#isOver) return true;
    await this.#end();
    return false;
  }

  /** Sends the events until they end; resolves when everything is released. */
  async run(): Promise<void> {
    const heartbeat = this.#startHeartbeat();
    try {
      await this.#send(await this.#sendEvents());
    } finally {
      clearInterval(heartbeat);
      await this.#end();
    }
  }

  /**
   * Ends the subscription.
   *
   * @param message the last message; it is sent once
   * @param deadline aborts sending it
   */
  async stop(message: CallbackMessage, deadline: AbortSignal): Promise<void> {
    if (this.#isOver) return;
    await this.#end();
    await this.#post(message, deadline);
  }

  get #isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  /** @returns the last message: how the events ended */
  async #sendEvents(): Promise<CallbackMessage> {
    try {
      for (let next = await this.#events.next(); next.done !== true; next = await this.#events.next()) {
        await this.#send({ action: 'next', payload: formatResult(next.value) });
      }
      return { action: 'complete' };
    } catch (error) {
      // An error must not look like the end of the job.
      return { action: 'complete', errors: formatErrors([maskError(error)]) };
    }
  }

  #startHeartbeat(): NodeJS.Timeout | undefined {
    if (this.#target.heartbeatMs === 0) return undefined;
    return setInterval(() => {
      // A waiting message serves as a heartbeat.
      if (this.#waiting === 0) void this.#send({ action: 'check' });
    }, this.#target.heartbeatMs * HEARTBEAT_SHARE);
  }

  #send(message: CallbackMessage): Promise<void> {
    this.#waiting += 1;
    this.#deliveries = this.#deliveries.then(async () => {
      const isAccepted = await this.#deliver(message);
      this.#waiting -= 1;
      if (!isAccepted) await this.#end();
    });
    return this.#deliveries;
  }

  /** @returns whether the router accepted the message */
  async #deliver(message: CallbackMessage): Promise<boolean> {
    for (let attempt = 1; !this.#isOver; attempt++) {
      const status = await this.#post(message, this.#ended.signal);
      if (status !== null && status >= 200 && status < 300) return true;
      if (status === 404 || attempt === MAX_ATTEMPTS) return false;
      // Rejects when the subscription ends meanwhile.
      await delay(backoffMs(attempt, Math.random()) / 4, null, { signal: this.#ended.signal }).catch(
        () => {},
      );
    }
    return false;
  }

  /** @returns the status of the answer; null when there was none in time */
  async #post(message: CallbackMessage, signal: AbortSignal): Promise<number | null> {
    const { url, id, verifier } = this.#target;
    const outcome = await this.#router.post({
      url,
      headers: { 'subscription-protocol': 'callback' },
      body: JSON.stringify({ kind: 'subscription', id, verifier, ...message }),
      signal,
    });
    return outcome.type === 'answered' ? outcome.status : null;
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#ended.abort();
    await this.#events.return?.();
  }
}
