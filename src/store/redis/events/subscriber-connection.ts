import { Cluster } from 'ioredis';
import type { Clock } from '../../../domain/clock.ts';
import { untilConnected } from '../connection/connect.ts';
import { channels } from '../keys.ts';
import type { RedisClient } from '../scripts/run-script.ts';

export interface SubscriberConnectionOptions {
  /** Makes a fresh client for subscriptions, not yet connected. */
  readonly connect: () => RedisClient;
  /** Publishes to a channel, over another connection. */
  readonly publish: (channel: string, message: string) => Promise<unknown>;
  /** Channels for the connection's own heartbeat, at least one on each node. */
  readonly heartbeatChannels: readonly string[];
  readonly clock: Clock;
}

/** Interval of the heartbeat, and how long it may be missing: a dead connection is found within 5 s. */
const HEARTBEAT_MS = 500;
const SILENCE_MS = 4000;
/** The message of the heartbeat. */
const HEARTBEAT = '';
/** Milliseconds for connecting and for the subscriptions of the heartbeat. */
const OPEN_MS = 5000;
/** Milliseconds for the client to report why it ended. */
const END_GRACE_MS = 100;

/**
 * One connection for subscriptions; in a cluster, one to each node. It publishes a heartbeat and expects to receive it. This end-to-end check
 * finds a half-open connection as well as a subscription that the server lost.
 */
export class SubscriberConnection implements AsyncDisposable {
  readonly #options: SubscriberConnectionOptions;
  readonly #client: RedisClient;
  readonly #sharded: boolean;
  readonly #ended = new AbortController();
  /** Rejects the calls that wait for the client. */
  readonly #waiting = new Set<(error: Error) => void>();
  #grace: AbortController | null = null;
  readonly #heardAt = new Map<string, number>();

  private constructor(
    options: SubscriberConnectionOptions,
    deliver: (channel: string, text: string) => void,
  ) {
    this.#options = options;
    this.#client = options.connect();
    this.#sharded = this.#client instanceof Cluster;
    this.#client.on(this.#sharded ? 'smessage' : 'message', (channel: string, text: string) => {
      // The text is compared first, because a second lookup of each message's channel would cost more.
      if (text === HEARTBEAT && this.#heardAt.has(channel)) this.#heardAt.set(channel, options.clock.now());
      else deliver(channel, text);
    });
    // Commands and the heartbeat report failures. Without a listener the client would print the event.
    this.#client.on('error', () => {});
    this.#client.on('end', () => this.end());
  }

  /**
   * Connects and subscribes to the heartbeat.
   *
   * @param signal aborts the connection attempt
   */
  static async open(
    options: SubscriberConnectionOptions,
    deliver: (channel: string, text: string) => void,
    signal: AbortSignal,
  ): Promise<SubscriberConnection> {
    const connection = new SubscriberConnection(options, deliver);
    const endConnection = () => connection.end();
    signal.addEventListener('abort', endConnection);
    const opened = new AbortController();
    const late = options.clock.sleep(OPEN_MS, opened.signal).then(() => {
      if (!opened.signal.aborted) connection.end();
    });
    try {
      await connection.#unlessEnded(untilConnected(connection.#client));
      for (const channel of options.heartbeatChannels) connection.#heardAt.set(channel, options.clock.now());
      await Promise.all(
        options.heartbeatChannels.map((channel) =>
          connection.subscribe(channel, channels.compactReaders(channel)),
        ),
      );
      // The client of a cluster silently reconnects to a single node, and the messages of the meantime are lost.
      for (const event of ['-node', '-subscriber']) connection.#client.on(event, endConnection);
      return connection;
    } catch (error) {
      connection.end();
      throw error;
    } finally {
      signal.removeEventListener('abort', endConnection);
      opened.abort();
      await late;
    }
  }

  /** When the whole connection was last known to work, in epoch milliseconds. */
  get aliveAt(): number {
    return Math.min(...this.#heardAt.values());
  }

  /** Resolves once the server has acknowledged the subscription. */
  async subscribe(...names: readonly string[]): Promise<void> {
    await this.#unlessEnded(
      this.#sharded ? this.#client.ssubscribe(...names) : this.#client.subscribe(...names),
    );
  }

  async unsubscribe(channel: string): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await (this.#sharded ? this.#client.sunsubscribe(channel) : this.#client.unsubscribe(channel));
  }

  /** Publishes the heartbeat. Resolves once the connection has ended. */
  async untilDead(): Promise<void> {
    const { clock, publish, heartbeatChannels } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      // A heartbeat that cannot be published is not received, which is noticed below.
      for (const channel of heartbeatChannels) publish(channel, HEARTBEAT).catch(() => {});
      await clock.sleep(HEARTBEAT_MS, signal);
      if (clock.now() - this.aliveAt > SILENCE_MS) this.end();
    }
  }

  /** Ends the connection. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#client.disconnect();
    void this.#rejectWaiting();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  /** Rejects when the connection ends. The client of a cluster may never settle a call, even after a disconnect. */
  async #unlessEnded<T>(work: Promise<T>): Promise<T> {
    const ended = Promise.withResolvers<never>();
    this.#waiting.add(ended.reject);
    if (this.#ended.signal.aborted) void this.#rejectWaiting();
    try {
      return await Promise.race([work, ended.promise]);
    } finally {
      this.#waiting.delete(ended.reject);
      if (this.#waiting.size === 0) {
        this.#grace?.abort();
        this.#grace = null;
      }
    }
  }

  /** Rejects waiting calls after a moment, because an error of the client itself until then says more. */
  async #rejectWaiting(): Promise<void> {
    if (this.#waiting.size === 0) return;
    this.#grace ??= new AbortController();
    await this.#options.clock.sleep(END_GRACE_MS, this.#grace.signal);
    for (const reject of this.#waiting)
      reject(new Error('The subscriber connection ended before it was ready.'));
  }
}
