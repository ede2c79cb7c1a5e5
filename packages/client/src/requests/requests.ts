import { abortScope } from '../connection/abort.ts';
import { backoffMs, pause } from '../connection/backoff.ts';
import type { Connection } from '../connection/connection.ts';
import { errorOf, isTemporary } from '../connection/result-errors.ts';
import type { OperationText } from '../operation-text.ts';

/** What requests need of their client. */
export interface RequestsOptions {
  readonly connection: Connection;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;
  /** Milliseconds for which requests are repeated. */
  readonly retryForMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Runs queries and mutations, and repeats them while the gateway cannot be reached. All of them can be repeated safely. */
export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Runs an operation. @throws ReelgateError with the gateway's code; the reason of `signal` */
  run<Data, Variables extends Readonly<Record<string, unknown>>>(
    query: OperationText<Data, Variables>,
    variables: Variables,
    signal?: AbortSignal,
  ): Promise<Data> {
    return this.repeat((attempt) => this.once(query, variables, attempt), signal);
  }

  /** Runs an operation without repetitions. */
  async once<Data, Variables extends Readonly<Record<string, unknown>>>(
    query: OperationText<Data, Variables>,
    variables: Variables,
    signal: AbortSignal,
  ): Promise<Data> {
    const { data, errors } = await this.#options.connection.execute<Data>({ query, variables }, signal);
    if (errors !== undefined || data == null) throw errorOf(errors);
    return data;
  }

  /**
   * Repeats an attempt after temporary errors.
   *
   * @param isLong whether the time for repetitions begins with the first error: an attempt may take longer than it
   */
  async repeat<T>(
    attempt: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
    isLong = false,
  ): Promise<T> {
    const { closed, retryForMs, now, random } = this.#options;
    const scope = abortScope([closed, signal]);
    let startedAt = now();
    try {
      for (let failures = 0; ; failures += 1) {
        try {
          return await attempt(scope.signal);
        } catch (error) {
          if (!isTemporary(error)) throw error;
          if (isLong && failures === 0) startedAt = now();
          const waitMs = Math.max(backoffMs(failures, random), (error.retryAfterSeconds ?? 0) * 1000);
          if (now() + waitMs - startedAt >= retryForMs) throw error;
          await pause(waitMs, scope.signal);
        }
      }
    } finally {
      scope.release();
    }
  }
}
