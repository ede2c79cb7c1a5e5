import { StoreUnavailableError } from './job-store.ts';

/**
 * A text that all instances share, changed by compare-and-set. Both methods reject with `StoreUnavailableError` when the
 * store cannot be reached; then a replacement may or may not have happened.
 */
export interface SharedText {
  /** @returns null when there is none, or when the stored value is not a text */
  read(): Promise<string | null>;
  /**
   * Stores the next text if the present one equals the expected one.
   *
   * @param expected null: only if there is none
   * @returns whether it was stored
   */
  replace(expected: string | null, next: string): Promise<boolean>;
}

/** How a state is kept as a text. */
export interface StateFormat<T> {
  /** @param text null before the first write. Never throws: an unreadable text gives the initial state */
  readonly parse: (text: string | null) => T;
  readonly stringify: (state: T) => string;
}

/** Enough that one of many competing instances succeeds in each round. */
const MAX_TRIES = 50;

interface Change<T> {
  readonly apply: (state: T) => T;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A state that pure functions change, kept in a shared text. One replacement is in progress at a time; changes requested
 * meanwhile are applied together by the next one, so the calls of one process never compete with each other.
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
   * @param work pure; runs again when another instance changed the state meanwhile, and then the last run counts
   * @returns the last run's result, once its state is stored
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
      const next = changes.reduce((present, { apply }) => apply(present), state);
      const nextText = stringify(next);
      if (stringify(state) === nextText || (await this.#text.replace(text, nextText))) return;
    }
    throw new StoreUnavailableError('Too many instances change the same shared state at the same time.');
  }
}
