import type { EventEmitter } from '../../events/gateway-events.ts';
import { keys, shardOf } from './keys.ts';
import { type RedisClient, runScript } from './scripts/run-script.ts';

export interface QuarantineOptions {
  readonly client: RedisClient;
  /** Milliseconds for which an unreadable record is kept. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Gets `store:unreadable` once in this process for each job id and key name that cannot be read. */
  readonly events: EventEmitter;
}

/** The types that keys must have, by name. */
export type ExpectedTypes = Readonly<Record<string, 'zset' | 'hash' | 'string'>>;

/**
 * Isolates jobs and keys that cannot be read, so that they do not affect others. An unreadable job moves from the schedule to the quarantine
 * of its shard; `keys.quarantine` describes how to repair it. A key of the wrong type is skipped as long as it has that type.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #reported = new Set<string>();
  /** Jobs that this process has quarantined. */
  readonly #jobs = new Set<string>();
  readonly #keys = new Map<string, string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Removes a job from the schedule. Never rejects: if the write fails, it happens when the job is found again. */
  async add(id: string, error: unknown): Promise<void> {
    this.report(id, error);
    const { client, now, retentionMs } = this.#options;
    const shard = shardOf(id);
    const names = [keys.job(id), keys.due(shard), keys.deadline(shard), keys.quarantine(shard)];
    try {
      await runScript(client, 'reelgateQuarantine', names, [id, now(), retentionMs]);
      this.#jobs.add(id);
    } catch {
      // Redis is unavailable or full. The job will be found again.
    }
  }

  /** Like `add`, for a reader, which may find the job often: only the first call writes. */
  async addOnce(id: string, error: unknown): Promise<void> {
    if (!this.#jobs.has(id)) await this.add(id, error);
  }

  /** Reports a job again if it becomes unreadable once more. */
  forget(id: string): void {
    this.#jobs.delete(id);
    this.#reported.delete(id);
  }

  /** Readmits a final job, which an instance of an earlier version could not read. Never rejects: it will be found again. */
  async readmitFinal(id: string): Promise<void> {
    const { client } = this.#options;
    try {
      await Promise.all([
        client.hdel(keys.job(id), '@quarantined'),
        client.zrem(keys.quarantine(shardOf(id)), id),
      ]);
    } catch {
      // Redis is unavailable, or the quarantine has another type.
    }
  }

  /**
   * Runs work that needs keys of certain types.
   *
   * @throws the exception of `work`. Keys of another type are reported
   */
  async reportWrongTypes<T>(types: ExpectedTypes, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#reportWrongKeys(types, error);
      throw error;
    }
  }

  /**
   * Runs optional work that needs keys of certain types.
   *
   * @returns the fallback when one of the keys has another type
   * @throws any other exception of `work`
   */
  async tolerate<T, F>(types: ExpectedTypes, fallback: F, work: () => Promise<T>): Promise<T | F> {
    try {
      return await work();
    } catch (error) {
      if (await this.#reportWrongKeys(types, error)) return fallback;
      throw error;
    }
  }

  /**
   * Counts the keys of the wrong type that this process has found, as far as they still have it.
   *
   * @param others keys of the wrong type that another check has found
   */
  async countWrongKeys(others: readonly string[]): Promise<number> {
    for (const name of others) this.report(name, new Error(`${name} is a key of the wrong type.`));
    return new Set([...others, ...(await this.#findWrongKeys([...this.#keys.keys()]))]).size;
  }

  /** Reports keys of another type, if they caused the error. @returns whether there are any */
  async #reportWrongKeys(types: ExpectedTypes, error: unknown): Promise<boolean> {
    if (!isWrongType(error)) return false;
    for (const [name, type] of Object.entries(types)) this.#keys.set(name, type);
    const wrong = await this.#findWrongKeys(Object.keys(types));
    for (const name of wrong) this.report(name, error);
    return wrong.length > 0;
  }

  /** Returns the keys of another type and forgets the others. */
  async #findWrongKeys(names: readonly string[]): Promise<string[]> {
    const types = await Promise.all(names.map((name) => this.#options.client.type(name)));
    const isWrong = (name: string, index: number) =>
      types[index] !== 'none' && types[index] !== this.#keys.get(name);
    const wrong = names.filter(isWrong);
    for (const name of names) if (!wrong.includes(name)) this.#keys.delete(name);
    return wrong;
  }

  /** Reports a job or a key that cannot be read, once. */
  report(name: string, error: unknown): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#options.events.emit('store:unreadable', { id: name, error });
  }
}

/** Whether a command failed because of the type of a key. */
export function isWrongType(error: unknown): boolean {
  // Some versions of Redis put the word in the middle of a script's error.
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message);
}

/** @returns the failure of a command, when the type of a key caused it. @throws any other failure */
export function wrongTypeOrThrow(error: unknown): Error {
  if (error instanceof Error && isWrongType(error)) return error;
  throw error;
}
