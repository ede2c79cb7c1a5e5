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
/** After this many failures in a row a host is sick. */
const SICK_AFTER = 2;
/** Tasks in progress of one sick host: they find out when it is back, and leave the other places to other hosts. */
const PLACES = 1;

/** Hosts that do not answer. They may not hold the places of files at other hosts. */
export class SickHosts {
  readonly #hosts = new LRUCache<string, Host>({ max: MAX_HOSTS });

  /** @param host null: the task needs none @returns false: the host is sick and its places are taken */
  enter(name: string | null): boolean {
    if (name === null) return true;
    const host = this.#hosts.get(name) ?? { failures: 0, tasks: 0 };
    if (host.failures >= SICK_AFTER && host.tasks >= PLACES) return false;
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
