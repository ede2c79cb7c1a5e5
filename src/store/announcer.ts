import type { Job } from '../domain/job.ts';
import type { Topic, TopicListener, Unwatch } from './job-store.ts';

type Listeners = Map<string, Set<TopicListener>>;

/** Who in this process watches what. A topic without listeners takes no memory. */
export class Announcer {
  readonly #ofJobs: Listeners = new Map();
  readonly #ofOwners: Listeners = new Map();
  readonly #ofWork: Listeners = new Map();

  /** Starts listening. Each call counts for itself, also when the listener is the same. */
  listen(topic: Topic, listener: TopicListener): Unwatch {
    const [all, key] = this.#find(topic);
    const listeners = all.get(key) ?? new Set();
    const tell: TopicListener = (job) => listener(job);
    all.set(key, listeners.add(tell));
    return () => {
      listeners.delete(tell);
      if (listeners.size === 0 && all.get(key) === listeners) all.delete(key);
    };
  }

  /** Tells the watchers of a job and of its owner that a version was saved. */
  announce(job: Job): void {
    for (const listener of this.#ofJobs.get(job.id) ?? NOBODY) listener(job);
    for (const listener of this.#ofOwners.get(job.ownerId) ?? NOBODY) listener(job);
  }

  /** Tells whoever moves jobs that this one is due at once. */
  announceWork(job: Job): void {
    for (const listener of this.#ofWork.get(WORK) ?? NOBODY) listener(job);
  }

  /** How many listeners there are, over all topics. */
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
const NOBODY: ReadonlySet<TopicListener> = new Set();
