import { createSourceEventStream, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Job } from '../domain/job.ts';
import { PushIterator } from '../watching/push-iterator.ts';

/**
 * Stands for a feed whose events are sent some other way: it gives nothing, and ends as the feed does. To have it
 * returned is to have the feed returned.
 */
export class QuietFeed implements AsyncIterableIterator<never> {
  readonly feed: PushIterator<Job>;
  readonly #ended = Promise.withResolvers<IteratorResult<never>>();

  constructor(feed: PushIterator<Job>) {
    this.feed = feed;
    // Whoever waits hears of it by `next`.
    this.#ended.promise.catch(() => {});
  }

  /** To be called when the feed has ended; with an error, when that was why. */
  end(error: Error | null): void {
    if (error === null) this.#ended.resolve({ done: true, value: undefined });
    else this.#ended.reject(error);
  }

  next(): Promise<IteratorResult<never>> {
    return this.#ended.promise;
  }

  async return(): Promise<IteratorResult<never>> {
    await this.feed.return();
    this.end(null);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Asks for a subscription's feed itself instead of its results: it is the root value of such an operation. */
export class FeedWish {
  /** Set once it is open. */
  quiet: QuietFeed | null = null;
}

/** Opens feeds for those who wish for them, by the same hooks as every subscription. */
export function useFeeds(): Plugin {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const wish: unknown = args.rootValue;
      if (wish instanceof FeedWish)
        setSubscribeFn((subscription: ExecutionArgs) => openFeed(subscription, wish));
    },
  };
}

async function openFeed(args: ExecutionArgs, wish: FeedWish) {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  if (!(source instanceof PushIterator)) throw new Error('A subscription has a feed of another kind.');
  wish.quiet = new QuietFeed(source);
  return wish.quiet;
}
