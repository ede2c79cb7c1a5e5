import type { Job } from '../domain/job.ts';
import type { Sink } from '../watching/push-iterator.ts';
import type { QuietFeed } from './quiet-feed.ts';
import type { Audience, SharedPayloads } from './shared-payloads.ts';
import { bytesOf } from './ws-frame.ts';
import type { WsOutlet } from './ws-outlet.ts';
import type { WsSession } from './ws-session.ts';

/** Where a subscription's updates go. */
export interface WsFeedOptions {
  readonly id: string;
  readonly quiet: QuietFeed;
  readonly audience: Audience;
  readonly payloads: SharedPayloads;
  readonly outlet: WsOutlet;
  readonly session: Pick<WsSession, 'closeIfExpired'>;
}

/** Sends a feed's updates as `next` messages, one at a time: while one waits for the client, the feed holds the newest. */
export class WsFeed implements Sink<Job> {
  readonly #quiet: QuietFeed;
  readonly #audience: Audience;
  readonly #payloads: SharedPayloads;
  readonly #outlet: WsOutlet;
  readonly #session: WsFeedOptions['session'];
  /** What stands before a payload. */
  readonly #head: string;
  /** Why it could not go on. */
  #failure: Error | null = null;
  #ended = false;

  constructor({ id, quiet, audience, payloads, outlet, session }: WsFeedOptions) {
    this.#quiet = quiet;
    this.#audience = audience;
    this.#payloads = payloads;
    this.#outlet = outlet;
    this.#session = session;
    this.#head = bytesOf(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  write(job: Job): boolean {
    // A payload that is not made yet takes no memory.
    if (this.#outlet.isBehind) {
      this.#outlet.onRoom(() => {
        if (!this.#ended && this.write(job)) this.#quiet.feed.resume();
      });
      return false;
    }
    try {
      const payload = this.#payloads.of(job, this.#audience);
      if (!(payload instanceof Promise)) return this.#send(payload);
      payload
        .then((settled) => {
          if (!this.#ended && this.#send(settled)) this.#quiet.feed.resume();
        })
        .catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  end(error: Error | null): void {
    this.#ended = true;
    this.#payloads.leave(this.#audience);
    const reason = this.#failure ?? error;
    if (reason !== null) this.#session.closeIfExpired();
    this.#quiet.end(reason === null ? null : this.#payloads.masked(reason));
  }

  /** What is wrong with one subscriber's document is nothing to the others, who are told by the same loop. */
  #fail(error: unknown): void {
    const { feed } = this.#quiet;
    // A feed that has had its last value takes no reason any more.
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    feed.end();
    feed.resume();
  }

  #send(payload: string): boolean {
    if (this.#outlet.send(`${this.#head}${payload}}`)) return true;
    this.#outlet.onRoom(() => {
      if (!this.#ended) this.#quiet.feed.resume();
    });
    return false;
  }
}
