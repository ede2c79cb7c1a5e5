import { orAbort } from './abort.ts';

/** A bearer token, or a function that returns one; null: none. */
export type TokenSource = string | null | (() => string | null | Promise<string | null>);

/** Supplies the token of each request and connection. */
export class Tokens {
  readonly #source: TokenSource;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** Whether another call may return another token. */
  get isRenewable(): boolean {
    return typeof this.#source === 'function';
  }

  /** @throws the error of the function, or the reason of `signal` */
  async get(signal: AbortSignal): Promise<string | null> {
    if (typeof this.#source !== 'function') return this.#source;
    return orAbort(Promise.resolve(this.#source()), signal);
  }
}
