import { LRUCache } from 'lru-cache';

/** What a task has learned about its host. */
export type HostState = 'answering' | 'failing' | 'unknown';

interface Host {
  /** Consecutive transfers without an answer. */
  failures: number;
  /** Tasks in progress. */
  tasks: number;
}

const MAX_HOSTS = 1000;
/** After this many failures in a row a host counts as failing. */
const FAILING_AFTER = 2;
/** Tasks in progress at one failing host: they find out when it is back, and other hosts get the other places. */
const MAX_TASKS = 1;

/** Limits the tasks at hosts that do not answer, so that files at other hosts do not wait for them. */
export class FailingHosts {
  readonly #hosts = new LRUCache<string, Host>({ max: MAX_HOSTS });

  /** @param host null: the task needs none @returns false: the host is failing and has its most tasks */
  enter(name: string | null): boolean {
    if (name === null) return true;
    const host = this.#hosts.get(name) ?? { failures: 0, tasks: 0 };
    if (host.failures >= FAILING_AFTER && host.tasks >= MAX_TASKS) return false;
    host.tasks += 1;
    this.#hosts.set(name, host);
    return true;
  }

  /** To be called once after each `enter` that returned true. */
  leave(name: string | null, state: HostState): void {
    const host = name === null ? undefined : this.#hosts.get(name);
    if (host === undefined) return;
    host.tasks -= 1;
    if (state === 'answering') host.failures = 0;
    if (state === 'failing') host.failures += 1;
  }
}
