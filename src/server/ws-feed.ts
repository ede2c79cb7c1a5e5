import type { Job } from '../domain/job.ts';
import type { Sink } from '../watching/push-iterator.ts';
import type { QuietFeed } from './quiet-feed.ts';
import type { Audience, SharedPayloads } from './shared-payloads.ts';
import { type Text, textOf } from './ws-frame.ts';
import type { WsOutlet } from './ws-outlet.ts';

/** Where a subscription's updates go. */
export interface WsFeedOptions {
  readonly id: string;
  readonly quiet: QuietFeed;
  readonly audience: Audience;
  readonly payloads: SharedPayloads;
  readonly outlet: WsOutlet;
}

/** Sends a feed's updates as `next` messages, one at a time: while one waits for the client, the feed holds the newest. */
export class WsFeed implements Sink<Job> {
  readonly #options: WsFeedOptions;
  readonly #head: Text;
  #ended = false;

  constructor(options: WsFeedOptions) {
    this.#options = options;
    this.#head = textOf(`{"id":${JSON.stringify(options.id)},"type":"next","payload":`);
  }

  write(job: Job): boolean {
    const { payloads, audience, quiet } = this.#options;
    try {
      const payload = payloads.of(job, audience);
      if (!(payload instanceof Promise)) return this.#send(payload);
      payload.then(
        (settled) => {
          if (!this.#ended && this.#send(settled)) quiet.feed.resume();
        },
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  end(error: Error | null): void {
    this.#ended = true;
    const { quiet, payloads, audience } = this.#options;
    payloads.leave(audience);
    quiet.end(error === null ? null : payloads.masked(error));
  }

  /** What is wrong with one subscriber's document is nothing to the others, who are told by the same loop. */
  #fail(error: unknown): void {
    const { feed } = this.#options.quiet;
    feed.end(error instanceof Error ? error : new Error(String(error)));
    feed.resume();
  }

  #send({ text, isAscii }: Text): boolean {
    const {
      outlet,
      quiet: { feed },
    } = this.#options;
    const head = this.#head;
    if (outlet.send({ text: `${head.text}${text}}`, isAscii: head.isAscii && isAscii })) return true;
    outlet.onRoom(() => {
      if (!this.#ended) feed.resume();
    });
    return false;
  }
}
