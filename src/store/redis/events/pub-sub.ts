import type { Job } from '../../../domain/job/job.ts';
import { backoffMs } from '../../../domain/polling/backoff.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { StoreUnavailableError, type Unsubscribe } from '../../job-store.ts';
import { explainFault } from '../connection/explain-fault.ts';
import { isNoPermission } from '../connection/permissions.ts';
import { readEvent, type Removal, type SealSecret } from './event-seal.ts';
import { SubscriberConnection, type SubscriberConnectionOptions } from './subscriber-connection.ts';

/** A listener on channels. Must not throw. */
export interface ChannelListener {
  message(event: Job | Removal): void;
  /** Messages after this time, in epoch milliseconds, may have been lost. The listener must read the jobs again. */
  gap(since: number): void;
}

export interface PubSubOptions extends SubscriberConnectionOptions {
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: EventEmitter;
  /** The secret of the seals. */
  readonly secret: Pick<SealSecret, 'key' | 'refresh'>;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  /** Resolves once the server has acknowledged the subscription. */
  acknowledged: Promise<void>;
  /** The newest published versions of the last jobs; null before the first. */
  versions: Map<string, number> | null;
  /** The time from which the next resync reads; null: none is needed. */
  resyncSince: number | null;
  /** Whether the listeners resynced a moment ago. */
  isPausing: boolean;
}

/** How many jobs' versions are kept for a channel. */
const MAX_VERSIONS = 1000;
/** Minimum time in milliseconds between two resyncs because of foreign messages. */
const RESYNC_PAUSE_MS = 1000;

/** Milliseconds for which a new subscription waits for the connection. */
const CONNECT_WAIT_MS = 3000;

/**
 * Redis pub/sub for many listeners over one connection. A channel is subscribed once for all its listeners and unsubscribed when the last one
 * leaves.
 *
 * Other clients of this Redis can publish arbitrary messages. So a message counts only if it is sealed with the store's secret, belongs on its
 * channel and is newer than those before it. Any other message only shows that something may have changed, and the listeners resync.
 *
 * A lost or silent connection is replaced: connect, subscribe to all channels again, wait for the acknowledgements, then report the gap to every
 * listener.
 */
export class PubSub implements AsyncDisposable {
  readonly #options: PubSubOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #closing = new AbortController();
  #connection: SubscriberConnection | null = null;
  /** The state that was emitted last. */
  #emitted: 'connected' | 'lost' | null = null;
  #live = Promise.withResolvers<void>();
  #isLive = false;
  #wasLive = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PubSubOptions) {
    this.#options = options;
  }

  /** Resolves once the first connection is up; rejects when permissions are missing. */
  async start(): Promise<void> {
    this.#running = this.#run();
    await this.#live.promise;
  }

  /** Whether the connection is up and all channels are subscribed. */
  get live(): boolean {
    return this.#isLive;
  }

  /** The number of listeners of all channels. */
  get size(): number {
    return this.#channels.values().reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  /**
   * Resolves once the server has acknowledged the subscription.
   *
   * @throws StoreUnavailableError when there is no connection
   */
  async listen(name: string, listener: ChannelListener): Promise<Unsubscribe> {
    await this.#untilLive();
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = {
        listeners: new Set(),
        acknowledged: this.#subscribe(name),
        versions: null,
        resyncSince: null,
        isPausing: false,
      };
      this.#channels.set(name, channel);
    }
    const { listeners } = channel;
    listeners.add(listener);
    const unsubscribe = () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#channels.get(name)?.listeners === listeners) this.#channels.delete(name);
      this.#connection?.unsubscribe(name).catch((error: unknown) => this.#onNotUnsubscribed(error));
    };
    try {
      await channel.acknowledged;
      return unsubscribe;
    } catch (error) {
      unsubscribe();
      throw new StoreUnavailableError('Redis has not acknowledged the subscription.', { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#connection?.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#closing;
    let failures = 0;
    let aliveAt = clock.now();
    while (!signal.aborted) {
      try {
        await using connection = await SubscriberConnection.open(
          this.#options,
          (name, text) => this.#deliver(name, text),
          signal,
        );
        this.#connection = connection;
        if (signal.aborted) break;
        // The heartbeat starts before the subscriptions, so that one that is never acknowledged ends with the connection.
        const dead = connection.untilDead();
        await this.#resubscribe(aliveAt);
        failures = 0;
        this.#isLive = true;
        this.#wasLive = true;
        this.#live.resolve();
        this.#emitConnection('connected', null);
        await dead;
        this.#isLive = false;
        this.#live = Promise.withResolvers();
        aliveAt = connection.aliveAt;
        throw new Error('The subscriber connection was lost.');
      } catch (error) {
        failures += 1;
        if (!this.#wasLive && isNoPermission(error)) this.#live.reject(error);
        else if (!signal.aborted) this.#emitConnection('lost', explainFault(error).reason);
      }
      this.#connection = null;
      if (!signal.aborted && failures > 0) await clock.sleep(backoffMs(failures, random()) / 4, signal);
    }
  }

  /** A failed attempt to connect again is not another loss. */
  #emitConnection(state: 'connected' | 'lost', reason: string | null): void {
    if (state === this.#emitted) return;
    this.#emitted = state;
    this.#options.events.emit('store:connection', { connection: 'subscriber', state, reason });
  }

  /** The messages of the channel are ignored; the next connection does not subscribe to it. */
  #onNotUnsubscribed(error: unknown): void {
    const message = 'a subscription to Redis could not be ended; it ends with its connection';
    emitFault(this.#options.events, 'store', 'warn', message, { err: error });
  }

  async #resubscribe(since: number): Promise<void> {
    const channels = [...this.#channels];
    for (const [name, channel] of channels) channel.acknowledged = this.#subscribe(name);
    await Promise.all(channels.map(([, { acknowledged }]) => acknowledged));
    // A listener on many channels gets one gap.
    const listeners = new Set<ChannelListener>();
    for (const [, channel] of channels) for (const listener of channel.listeners) listeners.add(listener);
    for (const listener of listeners) listener.gap(since);
  }

  async #subscribe(name: string): Promise<void> {
    if (this.#connection === null) throw new StoreUnavailableError('Redis is unavailable.');
    await this.#connection.subscribe(name);
  }

  #deliver(name: string, text: string): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    const event = readEvent(text, name, this.#options.secret.key);
    if (event === null) return this.#requestResync(channel);
    if (!('removedId' in event)) {
      if (event.version <= (channel.versions?.get(event.id) ?? 0)) return this.#requestResync(channel);
      remember((channel.versions ??= new Map()), event);
    }
    for (const listener of channel.listeners) listener.message(event);
  }

  #requestResync(channel: Channel): void {
    const { clock, secret } = this.#options;
    secret.refresh();
    channel.resyncSince ??= clock.now();
    if (!channel.isPausing) void this.#resync(channel);
  }

  /** Reports gaps to the listeners: at once, then at most one each second. */
  async #resync(channel: Channel): Promise<void> {
    const { signal } = this.#closing;
    channel.isPausing = true;
    while (channel.resyncSince !== null && !signal.aborted) {
      const since: number = channel.resyncSince;
      channel.resyncSince = null;
      for (const listener of channel.listeners) listener.gap(since);
      await this.#options.clock.sleep(RESYNC_PAUSE_MS, signal);
    }
    channel.isPausing = false;
  }

  async #untilLive(): Promise<void> {
    if (this.#isLive) return;
    const waiting = new AbortController();
    const timeout = this.#options.clock.sleep(CONNECT_WAIT_MS, waiting.signal).then(() => 'timeout' as const);
    const outcome = await Promise.race([this.#live.promise, timeout]);
    waiting.abort();
    if (outcome === 'timeout') throw new StoreUnavailableError('Redis is unavailable.');
  }
}

function remember(versions: Map<string, number>, { id, version }: Job): void {
  versions.set(id, version);
  if (versions.size <= MAX_VERSIONS) return;
  for (const [oldest] of versions) return void versions.delete(oldest);
}
