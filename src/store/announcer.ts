import type { Job } from '../domain/job.ts';
import type { Topic, TopicListener, Unwatch } from './job-store.ts';

/** Who in this process watches what. A topic without listeners takes no memory. */
export class Announcer {
  readonly #listeners = new Map<string, Set<TopicListener>>();

  /** Starts listening. Each call counts for itself, also when the listener is the same. */
  listen(topic: Topic, listener: TopicListener): Unwatch {
    const key = topicKey(topic);
    const listeners = this.#listeners.get(key) ?? new Set();
    const tell: TopicListener = (job) => listener(job);
    this.#listeners.set(key, listeners.add(tell));
    return () => {
      listeners.delete(tell);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** Tells the watchers of a job and of its owner that a version was saved. */
  announce(job: Job): void {
    this.#tell({ type: 'job', jobId: job.id }, job);
    this.#tell({ type: 'owner', ownerId: job.ownerId }, job);
  }

  /** Tells whoever moves jobs that this one is due at once. */
  announceWork(job: Job): void {
    this.#tell({ type: 'work' }, job);
  }

  /** How many listeners there are, over all topics. */
  get size(): number {
    return this.#listeners.values().reduce((sum, listeners) => sum + listeners.size, 0);
  }

  #tell(topic: Topic, job: Job): void {
    for (const listener of this.#listeners.get(topicKey(topic)) ?? []) listener(job);
  }
}

function topicKey(topic: Topic): string {
  switch (topic.type) {
    case 'job':
      return `job:${topic.jobId}`;
    case 'owner':
      return `owner:${topic.ownerId}`;
    case 'work':
      return 'work';
  }
}
