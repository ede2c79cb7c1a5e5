import type { Operation, Sink } from './connection.ts';
import type { AnyResult } from './link.ts';

/** One subscription of a client. It outlives the links that carry it. */
export class Subscription {
  readonly id: string;
  readonly sink: Sink<never>;
  /** Aborts when the subscription is over. */
  readonly over = new AbortController();
  /** Consecutive temporary errors. */
  failures = 0;
  /** Whether it pauses after a temporary error. */
  isPaused = false;
  readonly #operation: Operation;
  /** The newest version in a result of `videoJobUpdated`. */
  #version = 0;

  constructor(id: string, operation: Operation, sink: Sink<never>) {
    this.id = id;
    this.#operation = operation;
    this.sink = sink;
  }

  /** The operation to send: it continues after the newest version that was received. */
  get operation(): Operation {
    const { variables } = this.#operation;
    if (this.#version === 0) return this.#operation;
    return { ...this.#operation, variables: { ...variables, sinceVersion: this.#version } };
  }

  next(result: AnyResult): void {
    const answer: JobResult = result;
    this.failures = 0;
    this.#version = Math.max(this.#version, answer.data?.videoJobUpdated?.version ?? 0);
    this.sink.next(result);
  }
}

/** A result that may be of `videoJobUpdated`. */
interface JobResult {
  readonly data?: { readonly videoJobUpdated?: { readonly version?: number } | null } | null | undefined;
}
