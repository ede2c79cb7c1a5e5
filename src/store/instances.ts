import type { Clock } from '../domain/clock.ts';
import { StoreUnavailableError } from './job-store.ts';

/** A process of the gateway. */
export interface Instance {
  /** Random. */
  readonly id: string;
  /** The setting `ROLE`. */
  readonly role: 'all' | 'api' | 'poller';
  /** That of the package, such as `0.1.0`. */
  readonly version: string;
  readonly hostName: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** The port to the list of running processes. All methods reject with `StoreUnavailableError` when the store cannot be reached. */
export interface Instances {
  /** Announces a process for the next `INSTANCE_TTL_MS`. */
  announce(instance: Instance, now: number): Promise<void>;
  /** Ends the announcement. */
  withdraw(instance: Instance): Promise<void>;
  /** The announced processes, the earliest start first; at most `MAX_INSTANCES`. */
  list(now: number): Promise<Instance[]>;
}

/** Milliseconds after its last announcement until which a process counts as running. */
export const INSTANCE_TTL_MS = 35_000;
/** The most processes in the list. */
export const MAX_INSTANCES = 100;
/** Milliseconds between two announcements. */
const HEARTBEAT_MS = 10_000;

/** The list of the embedded store, which one process uses. */
export class MemoryInstances implements Instances {
  #instances: readonly Instance[] = [];

  async announce(instance: Instance): Promise<void> {
    this.#instances = [instance];
  }

  async withdraw(): Promise<void> {
    this.#instances = [];
  }

  async list(): Promise<Instance[]> {
    return [...this.#instances];
  }
}

export interface InstanceHeartbeatOptions {
  readonly instances: Instances;
  readonly instance: Instance;
  /** Epoch milliseconds, the same for all instances. */
  readonly now: () => number;
  readonly sleep: Clock['sleep'];
}

/** Announces this process until it is disposed. While the store is unavailable, the process may be missing in the list. */
export class InstanceHeartbeat implements AsyncDisposable {
  readonly #options: InstanceHeartbeatOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: InstanceHeartbeatOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
    const { instances, instance } = this.#options;
    await instances.withdraw(instance).catch(ignoreUnavailable);
  }

  async #run(): Promise<void> {
    const { instances, instance, now, sleep } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await instances.announce(instance, now()).catch(ignoreUnavailable);
      await sleep(HEARTBEAT_MS, signal);
    }
  }
}

/** The next announcement follows soon, and an old one expires. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailableError)) throw error;
}
