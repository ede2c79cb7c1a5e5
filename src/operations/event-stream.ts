import type { ExecutionResult, GraphQLError } from 'graphql';
import type { SubscriptionEndEvent } from '../events/client-events.ts';
import type { PushIterator, Sink } from '../watching/push-iterator.ts';
import { JobWatch } from '../watching/watched-jobs.ts';
import type { EventResult, FanOut, SubscriberGroup, SubscriptionEvent } from './fan-out.ts';
import type { OperationObserver } from './operation.ts';

/** Receives the events of one subscription for a transport. */
export interface EventSink {
  /** Whether the client has too much unread: the next event must wait for `onReady`. */
  isBehind(): boolean;
  /** Calls back once, when the client can take another event. */
  onReady(listener: () => void): void;
  write(event: EventResult): void;
  /** Called once, after the last event; with the error that ended the subscription, if one did. */
  end(error: GraphQLError | null): void;
}

/** Options of an `EventStream`. */
export interface EventStreamOptions {
  readonly source: PushIterator<SubscriptionEvent>;
  readonly group: SubscriberGroup;
  readonly fanOut: FanOut;
  readonly observers: readonly OperationObserver[];
  /** Masks an error for clients. */
  readonly presentError: (error: unknown) => GraphQLError;
}

/**
 * The events of one subscription. A transport either pipes them to a sink or iterates over them. While an event is executed or
 * waits for the client, the source keeps only the newest state.
 */
export class EventStream implements AsyncIterableIterator<ExecutionResult>, Sink<SubscriptionEvent> {
  readonly #options: EventStreamOptions;
  #sink: EventSink | null = null;
  /** Why an event could not be executed. */
  #failure: unknown = null;
  /** The version of the last delivered event; 0: none was delivered. */
  #version = 0;
  /** Whether the client was too slow for an event since the last delivered one, and since the one before it. */
  #isSlow = false;
  #wasSlow = false;
  /** Whether the last event was delivered or the subscriber has left. */
  #ended = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Whether a client may continue after a version that it has: the events are versions of one job. */
  get isResumable(): boolean {
    return this.#options.source instanceof JobWatch;
  }

  /** Delivers the events to a sink from now on. */
  pipe(sink: EventSink): void {
    this.#sink = sink;
    this.#options.source.pipe(this);
  }

  /** Takes an event of the source. @returns false: calls `source.resume` when the next event can be taken */
  write(occurred: SubscriptionEvent): boolean {
    const sink = this.#sink;
    if (sink === null) return false;
    const { source, fanOut, group } = this.#options;
    // The event is executed later: until then its result takes no memory.
    if (sink.isBehind()) {
      this.#isSlow = true;
      sink.onReady(() => {
        if (!this.#ended && this.write(occurred)) source.resume();
      });
      return false;
    }
    try {
      const event = fanOut.resultOf(occurred, group);
      if (!(event instanceof Promise)) return this.#deliver(event, sink);
      event
        .then((settled) => {
          if (!this.#ended && this.#deliver(settled, sink)) source.resume();
        })
        .catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  /** Called by the source after its last event. */
  end(error: Error | null): void {
    const reason = this.#failure ?? error;
    this.#end(reason, reason === null ? 'completed' : 'error');
    this.#sink?.end(reason === null ? null : this.#options.presentError(reason));
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    const { source, fanOut, group, presentError } = this.#options;
    try {
      const next = await source.next();
      if (next.done === true) {
        this.#end(null, 'completed');
        return { done: true, value: undefined };
      }
      const event = await fanOut.resultOf(next.value, group);
      // The source keeps the newest state only while the reader is busy.
      this.#isSlow = true;
      this.#onDelivered(event);
      return { done: false, value: event.result };
    } catch (error) {
      await source.return();
      this.#end(error, 'error');
      throw presentError(error);
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.#end(null, 'client');
    await this.#options.source.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #deliver(event: EventResult, sink: EventSink): boolean {
    const { source } = this.#options;
    sink.write(event);
    this.#onDelivered(event);
    if (!sink.isBehind()) return true;
    this.#isSlow = true;
    sink.onReady(() => {
      if (!this.#ended) source.resume();
    });
    return false;
  }

  #onDelivered({ result, occurred, version }: EventResult): void {
    const { observers } = this.#options;
    const isSlow = this.#isSlow || this.#wasSlow;
    const hasSkipped = isSlow && this.#version > 0 && version > this.#version + 1;
    for (const observer of observers) {
      if (hasSkipped && this.isResumable) observer.onSkip?.();
      observer.onEvent?.(result, occurred);
    }
    this.#version = version;
    // While an event waits for the client, the source skips versions before the next one.
    this.#wasSlow = this.#isSlow;
    this.#isSlow = false;
  }

  /** An error of one subscriber must not reach the others: the source notifies them in the same loop. */
  #fail(error: unknown): void {
    const { source } = this.#options;
    // A source that has ended already takes no error.
    this.#failure ??= error;
    source.end();
    source.resume();
  }

  #end(error: unknown, reason: SubscriptionEndEvent['reason']): void {
    if (this.#ended) return;
    this.#ended = true;
    const { fanOut, group, observers } = this.#options;
    fanOut.leave(group);
    for (const observer of observers) observer.onEnd?.(asError(error), reason);
  }
}

function asError(reason: unknown): Error | null {
  return reason === null || reason instanceof Error ? reason : new Error('Not an error.', { cause: reason });
}
