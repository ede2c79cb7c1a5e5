import type { Job } from '../../domain/job/job.ts';
import type { RemovalListener, Topic, TopicListener, Unsubscribe } from '../job-store.ts';

type Listeners<L> = Map<string, Set<L>>;

/** Delivers saved versions and removals to the listeners of this process. A topic without listeners uses no memory. */
export class EventBus {
  readonly #ofJobs: Listeners<TopicListener> = new Map();
  readonly #ofOwners: Listeners<TopicListener> = new Map();
  readonly #ofWork: Listeners<TopicListener> = new Map();
  readonly #ofRemovals: Listeners<RemovalListener> = new Map();

  /** Adds a listener. Two calls with the same listener are two subscriptions. */
  subscribe(topic: Topic, listener: TopicListener): Unsubscribe {
    const [all, key] = this.#find(topic);
    return add(all, key, (job) => listener(job));
  }

  /** As `subscribe`, for the removals of an owner's jobs. */
  subscribeRemovals(ownerId: string, listener: RemovalListener): Unsubscribe {
    return add(this.#ofRemovals, ownerId, (jobId) => listener(jobId));
  }

  /** Delivers a saved version to the subscribers of its job and of its owner. */
  publish(job: Job): void {
    for (const listener of this.#ofJobs.get(job.id) ?? NONE) listener(job);
    for (const listener of this.#ofOwners.get(job.ownerId) ?? NONE) listener(job);
  }

  /** Delivers the removal of a job to the subscribers of its owner's removals. */
  publishRemoval(ownerId: string, jobId: string): void {
    for (const listener of this.#ofRemovals.get(ownerId) ?? NONE) listener(jobId);
  }

  /** Notifies pollers that this job is due now. */
  publishWork(job: Job): void {
    for (const listener of this.#ofWork.get(WORK) ?? NONE) listener(job);
  }

  /** The number of listeners of all topics. */
  get size(): number {
    let sum = 0;
    for (const all of [this.#ofJobs, this.#ofOwners, this.#ofWork, this.#ofRemovals])
      for (const { size } of all.values()) sum += size;
    return sum;
  }

  #find(topic: Topic): [Listeners<TopicListener>, string] {
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
const NONE: ReadonlySet<never> = new Set();

/** @param subscriber a function of this subscription alone, so that one listener can subscribe twice */
function add<L>(all: Listeners<L>, key: string, subscriber: L): Unsubscribe {
  const listeners = all.get(key) ?? new Set();
  all.set(key, listeners.add(subscriber));
  return () => {
    listeners.delete(subscriber);
    if (listeners.size === 0 && all.get(key) === listeners) all.delete(key);
  };
}
