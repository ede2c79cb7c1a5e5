import { Cluster } from 'ioredis';
import type { Clock } from '../../../domain/clock.ts';
import { untilConnected } from '../connection/connect.ts';
import type { RedisClient } from '../scripts/run-script.ts';

/** Dependencies of a subscriber connection. */
export interface SubscriberConnectionOptions {
  /** Makes a fresh client for subscriptions, not yet connected. */
  readonly connect: () => RedisClient;
  /** Publishes to a channel, over another connection. */
  readonly publish: (channel: string, message: string) => Promise<unknown>;
  /** Channels for the connection's own heartbeat, at least one on each node. */
  readonly heartbeatChannels: readonly string[];
  readonly clock: Clock;
}

/** How often a connection says something to itself, and for how long it may hear nothing: a dead one is found within 5 s. */
const HEARTBEAT_MS = 500;
const SILENCE_MS = 4000;
/** What it says then. */
const HEARTBEAT = '';
/** Milliseconds for connecting, the heartbeat's subscriptions included. */
const OPEN_MS = 5000;
/** Milliseconds for the client to say why it ended. */
const END_GRACE_MS = 100;

/**
 * One connection for subscriptions (in a cluster, one to each node). It is checked from end to end: it publishes a heartbeat
 * and expects to hear it, so that a half-open connection and a subscription that the server lost show alike.
 */
export class SubscriberConnection implements AsyncDisposable {
  readonly #options: SubscriberConnectionOptions;
  readonly #client: RedisClient;
  readonly #sharded: boolean;
  readonly #ended = new AbortController();
  /** Of those who wait for the client. */
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
      // That it is a heartbeat is seen first by its text: to look up each message's channel twice would cost more.
      if (text === HEARTBEAT && this.#heardAt.has(channel)) this.#heardAt.set(channel, options.clock.now());
      else deliver(channel, text);
    });
    // What goes wrong shows in the commands and in the silence; unheard, the event would be printed.
    this.#client.on('error', () => {});
    this.#client.on('end', () => this.end());
  }

  /**
   * Connects, and subscribes to the heartbeat.
   *
   * @param signal gives up the connecting
   */
  static async open(
    options: SubscriberConnectionOptions,
    deliver: (channel: string, text: string) => void,
    signal: AbortSignal,
  ): Promise<SubscriberConnection> {
    const connection = new SubscriberConnection(options, deliver);
    const giveUp = () => connection.end();
    signal.addEventListener('abort', giveUp);
    const opened = new AbortController();
    const late = options.clock.sleep(OPEN_MS, opened.signal).then(() => {
      if (!opened.signal.aborted) connection.end();
    });
    try {
      await connection.#unlessEnded(untilConnected(connection.#client));
      for (const channel of options.heartbeatChannels) connection.#heardAt.set(channel, options.clock.now());
      await Promise.all(options.heartbeatChannels.map((channel) => connection.subscribe(channel)));
      // A cluster's client mends the connection to one node in silence, and what was said meanwhile is lost.
      for (const event of ['-node', '-subscriber']) connection.#client.on(event, giveUp);
      return connection;
    } catch (error) {
      connection.end();
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
      opened.abort();
      await late;
    }
  }

  /** When all of it was last known to work, in epoch milliseconds. */
  get aliveAt(): number {
    return Math.min(...this.#heardAt.values());
  }

  /** Resolves once the server has acknowledged it. */
  async subscribe(channel: string): Promise<void> {
    await this.#unlessEnded(
      this.#sharded ? this.#client.ssubscribe(channel) : this.#client.subscribe(channel),
    );
  }

  async unsubscribe(channel: string): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await (this.#sharded ? this.#client.sunsubscribe(channel) : this.#client.unsubscribe(channel));
  }

  /** Resolves once the connection is of no more use. */
  async untilDead(): Promise<void> {
    const { clock, publish, heartbeatChannels } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      // One that does not go out is not heard, which is what counts.
      for (const channel of heartbeatChannels) publish(channel, HEARTBEAT).catch(() => {});
      await clock.sleep(HEARTBEAT_MS, signal);
      if (clock.now() - this.aliveAt > SILENCE_MS) this.end();
    }
  }

  /** Gives it up. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#client.disconnect();
    void this.#letGo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  /** A cluster's client may leave calls unanswered for ever, also after it was told to disconnect. */
  async #unlessEnded<T>(work: Promise<T>): Promise<T> {
    const ended = Promise.withResolvers<never>();
    this.#waiting.add(ended.reject);
    if (this.#ended.signal.aborted) void this.#letGo();
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

  /** Tells those who wait that the connection has ended: in a moment, as what the client says itself until then tells more. */
  async #letGo(): Promise<void> {
    if (this.#waiting.size === 0) return;
    this.#grace ??= new AbortController();
    await this.#options.clock.sleep(END_GRACE_MS, this.#grace.signal);
    for (const reject of this.#waiting)
      reject(new Error('The connection for subscriptions did not come about.'));
  }
}
