import { backoffMs } from '../../../domain/polling/backoff.ts';
import { StoreUnavailableError, type Unsubscribe } from '../../job-store.ts';
import type { Job } from '../../../domain/job/job.ts';
import { type SealSecret, readEvent } from './event-seal.ts';
import { isNoPermission } from '../connection/permissions.ts';
import { SubscriberConnection, type SubscriberConnectionOptions } from './subscriber-connection.ts';

/** Who listens on a channel. Must not throw. */
export interface ChannelListener {
  message(job: Job): void;
  /** Messages after this time, in epoch milliseconds, may have been lost: what is watched must be read again. */
  gap(since: number): void;
}

/** What the pub/sub works with. */
export interface PubSubOptions extends SubscriberConnectionOptions {
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called with what went wrong each time that the connection is lost. */
  readonly onTrouble: (error: unknown) => void;
  /** What events are sealed with. */
  readonly secret: Pick<SealSecret, 'key' | 'doubt'>;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  /** Resolves once the server has acknowledged the subscription. */
  acknowledged: Promise<void>;
  /** The newest versions that were told, of the last jobs that came up; null before the first. */
  versions: Map<string, number> | null;
  /** Since when the store is to be read once more; null: not. */
  doubtedSince: number | null;
  /** Whether a reading was called for a moment ago. */
  isDoubtFresh: boolean;
}

/** Jobs whose versions are remembered for a channel. */
const MAX_VERSIONS = 1000;
/** Milliseconds between readings because of messages that are none of ours, however many come. */
const DOUBT_PAUSE_MS = 1000;

/** Milliseconds that a new watcher waits for the connection to come up. */
const PATIENCE_MS = 3000;

/**
 * Redis pub/sub for many listeners over one connection: a channel is subscribed once however many listen, and given up when
 * the last one leaves.
 *
 * Anyone who may publish in this Redis can say anything. So a message counts only if it is sealed with the store's secret,
 * belongs on its channel and is newer than those before it; any other one is a hint that something may have changed, and what is
 * watched is read again.
 *
 * A connection that is lost or silent is replaced: connect, subscribe to everything again, wait for the acknowledgements, then tell every listener of the gap.
 */
export class PubSub implements AsyncDisposable {
  readonly #options: PubSubOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #closing = new AbortController();
  #connection: SubscriberConnection | null = null;
  #live = Promise.withResolvers<void>();
  #isLive = false;
  #wasLive = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PubSubOptions) {
    this.#options = options;
  }

  /** Resolves once the first connection is up; rejects when it is not permitted. */
  async start(): Promise<void> {
    this.#running = this.#run();
    await this.#live.promise;
  }

  /** Whether the connection is up, and all that is listened for is subscribed. */
  get live(): boolean {
    return this.#isLive;
  }

  /** How many listeners there are, over all channels. */
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
        doubtedSince: null,
        isDoubtFresh: false,
      };
      this.#channels.set(name, channel);
    }
    const { listeners } = channel;
    listeners.add(listener);
    const unsubscribe = () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#channels.get(name)?.listeners === listeners) this.#channels.delete(name);
      this.#connection?.unsubscribe(name).catch(this.#options.onTrouble);
    };
    try {
      await channel.acknowledged;
      return unsubscribe;
    } catch (error) {
      unsubscribe();
      throw new StoreUnavailableError('Redis did not take the subscription.', { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#connection?.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, onTrouble } = this.#options;
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
        // The connection is watched from here on, so that subscriptions that are never acknowledged end with it.
        const dead = connection.untilDead();
        await this.#resubscribe(aliveAt);
        failures = 0;
        this.#isLive = true;
        this.#wasLive = true;
        this.#live.resolve();
        await dead;
        this.#isLive = false;
        this.#live = Promise.withResolvers();
        aliveAt = connection.aliveAt;
        throw new Error('The connection for subscriptions was lost.');
      } catch (error) {
        failures += 1;
        if (!this.#wasLive && isNoPermission(error)) this.#live.reject(error);
        else if (!signal.aborted) onTrouble(error);
      }
      this.#connection = null;
      if (!signal.aborted && failures > 0) await clock.sleep(backoffMs(failures, random()) / 4, signal);
    }
  }

  async #resubscribe(since: number): Promise<void> {
    const channels = [...this.#channels];
    for (const [name, channel] of channels) channel.acknowledged = this.#subscribe(name);
    await Promise.all(channels.map(([, { acknowledged }]) => acknowledged));
    // Who listens on many channels has one gap.
    const listeners = new Set<ChannelListener>();
    for (const [, channel] of channels) for (const listener of channel.listeners) listeners.add(listener);
    for (const listener of listeners) listener.gap(since);
  }

  async #subscribe(name: string): Promise<void> {
    if (this.#connection === null) throw new StoreUnavailableError('Redis is away.');
    await this.#connection.subscribe(name);
  }

  #deliver(name: string, text: string): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    const job = readEvent(text, name, this.#options.secret.key);
    if (job === null || job.version <= (channel.versions?.get(job.id) ?? 0)) return this.#doubt(channel);
    remember((channel.versions ??= new Map()), job);
    for (const listener of channel.listeners) listener.message(job);
  }

  #doubt(channel: Channel): void {
    const { clock, secret } = this.#options;
    secret.doubt();
    channel.doubtedSince ??= clock.now();
    if (!channel.isDoubtFresh) void this.#readAgain(channel);
  }

  /** At once, and then not before a while. */
  async #readAgain(channel: Channel): Promise<void> {
    const { signal } = this.#closing;
    channel.isDoubtFresh = true;
    while (channel.doubtedSince !== null && !signal.aborted) {
      const since: number = channel.doubtedSince;
      channel.doubtedSince = null;
      for (const listener of channel.listeners) listener.gap(since);
      await this.#options.clock.sleep(DOUBT_PAUSE_MS, signal);
    }
    channel.isDoubtFresh = false;
  }

  async #untilLive(): Promise<void> {
    if (this.#isLive) return;
    const patience = new AbortController();
    const timeout = this.#options.clock.sleep(PATIENCE_MS, patience.signal).then(() => 'timeout' as const);
    const outcome = await Promise.race([this.#live.promise, timeout]);
    patience.abort();
    if (outcome === 'timeout') throw new StoreUnavailableError('Redis is away.');
  }
}

function remember(versions: Map<string, number>, { id, version }: Job): void {
  versions.set(id, version);
  if (versions.size <= MAX_VERSIONS) return;
  for (const [oldest] of versions) return void versions.delete(oldest);
}
