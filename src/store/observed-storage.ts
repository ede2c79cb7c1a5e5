import type { EventEmitter, StoreCallEvent } from '../events/gateway-events.ts';
import type { Storage } from './storage.ts';

export interface ObservedStorageOptions {
  readonly system: StoreCallEvent['system'];
  readonly events: EventEmitter;
  /** Milliseconds that only grow. */
  readonly monotonicMs: () => number;
}

/** The same storage, which emits `store:call` for each call that returns a promise. */
export function observeStorage(storage: Storage, options: ObservedStorageOptions): Storage {
  const observe = <T extends object>(port: T, prefix: string) =>
    new Proxy(port, new ObservedPort(port, prefix, options));
  return {
    cache: storage.cache,
    store: observe(storage.store, ''),
    submissions: observe(storage.submissions, 'submissions.'),
    fileTasks: observe(storage.fileTasks, 'fileTasks.'),
    backlog: observe(storage.backlog, 'backlog.'),
    operatorActions: observe(storage.operatorActions, 'operatorActions.'),
    instances: observe(storage.instances, 'instances.'),
    deliveries: observe(storage.deliveries, 'deliveries.'),
    budget: observe(storage.budget, 'budget.'),
    durations: observe(storage.durations, 'durations.'),
    credits: observe(storage.credits, 'credits.'),
    documents: observe(storage.documents, 'documents.'),
    jobTokenSecrets: observe(storage.jobTokenSecrets, 'jobTokenSecrets.'),
    videoUrlSecret: observe(storage.videoUrlSecret, 'videoUrlSecret.'),
    archivePlace: observe(storage.archivePlace, 'archivePlace.'),
    ownerRate: observe(storage.ownerRate, 'ownerRate.'),
    uploadRate: observe(storage.uploadRate, 'uploadRate.'),
  };
}

type Method = (...given: readonly unknown[]) => unknown;

/** Wraps the methods of one port. They run on the port itself, which has private fields. */
class ObservedPort<T extends object> implements ProxyHandler<T> {
  readonly #port: T;
  readonly #prefix: string;
  readonly #options: ObservedStorageOptions;
  readonly #methods = new Map<string | symbol, unknown>();

  constructor(port: T, prefix: string, options: ObservedStorageOptions) {
    this.#port = port;
    this.#prefix = prefix;
    this.#options = options;
  }

  get(_: T, name: string | symbol): unknown {
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const value: unknown = Reflect.get(this.#port, name, this.#port);
    if (typeof value !== 'function') return value;
    const method: Method = value.bind(this.#port);
    const wrapped = typeof name === 'string' ? this.#wrap(`${this.#prefix}${name}`, method) : method;
    this.#methods.set(name, wrapped);
    return wrapped;
  }

  #wrap(operation: string, method: Method): Method {
    const { system, events, monotonicMs } = this.#options;
    return (...given) => {
      if (!events.hears('store:call')) return method(...given);
      const startedAt = monotonicMs();
      const result = method(...given);
      if (!(result instanceof Promise)) return result;
      const emit = (ok: boolean) =>
        events.emit('store:call', { system, operation, durationMs: monotonicMs() - startedAt, ok });
      result.then(
        () => emit(true),
        () => emit(false),
      );
      return result;
    };
  }
}
