import { keys, shardOf } from './keys.ts';
import { type RedisClient, runScript } from './scripts/run-script.ts';

/** What the quarantine works with. */
export interface QuarantineOptions {
  readonly client: RedisClient;
  /** Milliseconds for which an unreadable record is kept. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of each job and each key that can't be read, by its id or name: once in the life of the process. */
  readonly onUnreadable: (id: string, error: unknown) => void;
}

/** Names of keys, each with the type that it must have. */
export type ExpectedTypes = Readonly<Record<string, 'zset' | 'hash' | 'string'>>;

/**
 * Jobs and keys that can't be read, so that they stop nothing else. An unreadable job is taken out of the schedule into
 * the quarantine of its shard; `keys.quarantine` says how it is mended. A key of the wrong type is passed over for as
 * long as it has that type.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #reported = new Set<string>();
  /** Jobs that this process has put there. */
  readonly #jobs = new Set<string>();
  readonly #keys = new Map<string, string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Takes a job out of the schedule. Never fails: what can't be written now is done when the job is met again. */
  async putAside(id: string, error: unknown): Promise<void> {
    this.#report(id, error);
    const { client, now, retentionMs } = this.#options;
    const shard = shardOf(id);
    const names = [keys.job(id), keys.due(shard), keys.deadline(shard), keys.quarantine(shard)];
    try {
      await runScript(client, 'reelgateQuarantine', names, [id, now(), retentionMs]);
      this.#jobs.add(id);
    } catch {
      // Redis is away or full: it is met again.
    }
  }

  /** The same for a job that a reader met, which may meet it often: done once. */
  async noteUnreadable(id: string, error: unknown): Promise<void> {
    if (!this.#jobs.has(id)) await this.putAside(id, error);
  }

  /**
   * Does something for which keys must be of certain types.
   *
   * @throws what `work` throws; those of the keys that are of another type are reported then
   */
  async orReport<T>(types: ExpectedTypes, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#reportWrongKeys(types, error);
      throw error;
    }
  }

  /**
   * The same for what can be done without.
   *
   * @returns the fallback when one of the keys is of another type
   * @throws what `work` throws otherwise
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
   * Counts keys of the wrong type, those that this process has met and has not seen mended.
   *
   * @param others such keys that are known from elsewhere
   */
  async countWrongKeys(others: readonly string[]): Promise<number> {
    for (const name of others) this.#report(name, new Error(`${name} is a key of the wrong type.`));
    return new Set([...others, ...(await this.#findWrongKeys([...this.#keys.keys()]))]).size;
  }

  /** Reports those of the keys that are of another type, if that caused the error. @returns whether there are any */
  async #reportWrongKeys(types: ExpectedTypes, error: unknown): Promise<boolean> {
    if (!isWrongType(error)) return false;
    for (const [name, type] of Object.entries(types)) this.#keys.set(name, type);
    const wrong = await this.#findWrongKeys(Object.keys(types));
    for (const name of wrong) this.#report(name, error);
    return wrong.length > 0;
  }

  /** Forgets those that are as they must be. */
  async #findWrongKeys(names: readonly string[]): Promise<string[]> {
    const types = await Promise.all(names.map((name) => this.#options.client.type(name)));
    const isWrong = (name: string, index: number) =>
      types[index] !== 'none' && types[index] !== this.#keys.get(name);
    const wrong = names.filter(isWrong);
    for (const name of names) if (!wrong.includes(name)) this.#keys.delete(name);
    return wrong;
  }

  #report(name: string, error: unknown): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#options.onUnreadable(name, error);
  }
}

/** Whether Redis has refused a command since a key is of another type, and not for being away or full. */
export function isWrongType(error: unknown): boolean {
  // A script's error has it in the middle on some versions.
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message);
}
