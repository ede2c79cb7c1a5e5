import type { Job } from '../../domain/job/job.ts';
import type { Topic, TopicListener, Unsubscribe } from '../job-store.ts';

type Listeners = Map<string, Set<TopicListener>>;

/** Delivers saved versions to the listeners of this process. A topic without listeners uses no memory. */
export class EventBus {
  readonly #ofJobs: Listeners = new Map();
  readonly #ofOwners: Listeners = new Map();
  readonly #ofWork: Listeners = new Map();

  /** Adds a listener. Two calls with the same listener are two subscriptions. */
  subscribe(topic: Topic, listener: TopicListener): Unsubscribe {
    const [all, key] = this.#find(topic);
    const listeners = all.get(key) ?? new Set();
    const subscriber: TopicListener = (job) => listener(job);
    all.set(key, listeners.add(subscriber));
    return () => {
      listeners.delete(subscriber);
      if (listeners.size === 0 && all.get(key) === listeners) all.delete(key);
    };
  }

  /** Delivers a saved version to the subscribers of its job and of its owner. */
  publish(job: Job): void {
    for (const listener of this.#ofJobs.get(job.id) ?? NONE) listener(job);
    for (const listener of this.#ofOwners.get(job.ownerId) ?? NONE) listener(job);
  }

  /** Notifies pollers that this job is due now. */
  publishWork(job: Job): void {
    for (const listener of this.#ofWork.get(WORK) ?? NONE) listener(job);
  }

  /** The number of listeners of all topics. */
  get size(): number {
    let sum = 0;
    for (const all of [this.#ofJobs, this.#ofOwners, this.#ofWork])
      for (const { size } of all.values()) sum += size;
    return sum;
  }

  #find(topic: Topic): [Listeners, string] {
    switch (topic.type) {
      case 'job':
        return [this.#ofJobs, topic.jobId];
      case 'owner':
        return [this.#ofOwners, topic.ownerId];
      case 'work':
        return [this.#ofWork, WORK];
    }
  }
}

const WORK = 'work';
const NONE: ReadonlySet<TopicListener> = new Set();
