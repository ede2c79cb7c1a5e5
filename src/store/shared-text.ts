import { StoreUnavailableError } from './job-store.ts';

/**
 * A text that all instances share, changed by compare-and-set. Both methods reject with `StoreUnavailableError` when the store cannot be
 * reached. A replacement that failed may still have been stored.
 */
export interface SharedText {
  /** @returns null when there is none or the stored value is not a text */
  read(): Promise<string | null>;
  /**
   * Stores the next text if the current text equals the expected one.
   *
   * @param expected null: only if there is no text
   * @returns whether it was stored
   */
  replace(expected: string | null, next: string): Promise<boolean>;
}

/** Converts a state to text and back. */
export interface StateFormat<T> {
  /** @param text null before the first write. Never throws: an unreadable text gives the initial state */
  readonly parse: (text: string | null) => T;
  readonly stringify: (state: T) => string;
}

/** One of the competing instances succeeds in each round, so this is enough for many of them. */
const MAX_TRIES = 50;

interface Change<T> {
  readonly apply: (state: T) => T;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A state in a shared text, changed by pure functions. One replacement is in progress at a time; the next one applies all changes that were
 * requested meanwhile, so the calls of one process never compete with each other.
 */
export class SharedState<T> {
  readonly #text: SharedText;
  readonly #format: StateFormat<T>;
  #waiting: Change<T>[] = [];
  #isBusy = false;

  constructor(text: SharedText, format: StateFormat<T>) {
    this.#text = text;
    this.#format = format;
  }

  /** Whether no change is in progress. */
  get isIdle(): boolean {
    return !this.#isBusy && this.#waiting.length === 0;
  }

  async read(): Promise<T> {
    return this.#format.parse(await this.#text.read());
  }

  /**
   * Changes the state.
   *
   * @param work pure; runs again when another instance changed the state meanwhile. The last run counts
   * @returns the result of the last run, once its state is stored
   */
  change<R>(work: (state: T) => { readonly next: T; readonly result: R }): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    let outcome: { readonly result: R };
    this.#waiting.push({
      apply: (state) => {
        const { next, result } = work(state);
        outcome = { result };
        return next;
      },
      stored: () => resolve(outcome.result),
      failed: reject,
    });
    if (!this.#isBusy) void this.#makeChanges();
    return promise;
  }

  /** Never rejects. */
  async #makeChanges(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store(changes);
        for (const { stored } of changes) stored();
      } catch (error) {
        for (const { failed } of changes) failed(error);
      }
    }
    this.#isBusy = false;
  }

  async #store(changes: readonly Change<T>[]): Promise<void> {
    const { parse, stringify } = this.#format;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const text = await this.#text.read();
      const state = parse(text);
      const next = changes.reduce((current, { apply }) => apply(current), state);
      const nextText = stringify(next);
      if (stringify(state) === nextText || (await this.#text.replace(text, nextText))) return;
    }
    throw new StoreUnavailableError('Too many instances change the same shared state at the same time.');
  }
}
