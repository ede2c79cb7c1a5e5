import type { RemovalListener, Topic, TopicListener, Unsubscribe } from '../../job-store.ts';
import { channels, SHARDS } from '../keys.ts';
import type { ChannelListener, PubSub } from './pub-sub.ts';
import { TopicSubscription, type TopicSubscriptionOptions } from './topic-subscription.ts';
import { channelsOf } from './topics.ts';

/** The subscriptions of one store. */
export class Subscriptions {
  readonly #pubSub: Pick<PubSub, 'listen'>;
  readonly #options: TopicSubscriptionOptions;
  readonly #active = new Set<TopicSubscription>();

  /** @param pubSub owned by the caller */
  constructor(pubSub: Pick<PubSub, 'listen'>, options: TopicSubscriptionOptions) {
    this.#pubSub = pubSub;
    this.#options = options;
  }

  /** As in `JobEvents`. */
  async subscribe(topic: Topic, listener: TopicListener): Promise<Unsubscribe> {
    const subscription = new TopicSubscription(topic, listener, this.#options);
    this.#active.add(subscription);
    const end = () => {
      subscription.end();
      this.#active.delete(subscription);
    };
    return this.#listen(channelsOf(topic), subscription, end);
  }

  /** As in `JobEvents`. */
  async subscribeRemovals(ownerId: string, listener: RemovalListener): Promise<Unsubscribe> {
    let ended = false;
    const removals: ChannelListener = {
      message: (event) => {
        if (!ended && 'removedId' in event) listener(event.removedId);
      },
      gap: () => {},
    };
    const end = () => {
      ended = true;
    };
    return this.#listen(
      SHARDS.map((shard) => channels.removals(shard, ownerId)),
      removals,
      end,
    );
  }

  /** Ends the topic subscriptions. @returns a function that resolves when none of them reads any more */
  end(): () => Promise<void> {
    const subscriptions = [...this.#active];
    for (const subscription of subscriptions) subscription.end();
    return async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.idle()));
    };
  }

  async #listen(names: readonly string[], listener: ChannelListener, end: () => void): Promise<Unsubscribe> {
    const unsubscribes: Unsubscribe[] = [];
    const unsubscribe = () => {
      end();
      for (const leave of unsubscribes) leave();
    };
    const outcomes = await Promise.allSettled(names.map((name) => this.#pubSub.listen(name, listener)));
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') unsubscribes.push(outcome.value);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      unsubscribe();
      throw outcome.reason;
    }
    return unsubscribe;
  }
}
