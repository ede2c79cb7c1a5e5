/** Milliseconds after an accepted wish in which the same again is the same: the second half of a double click. */
const SAME_WISH_MS = 2000;

/**
 * Gives each wish its idempotency key. The same input is the same wish until it was accepted, however often it has to
 * be sent, and for a moment after; from then on it is a new one.
 */
export class Wishes {
  readonly #now: () => number;
  readonly #newKey: () => string;
  #last: { readonly input: string; readonly key: string; acceptedAt: number } | null = null;

  /** @param now milliseconds of any clock that does not go back */
  constructor(now: () => number, newKey: () => string) {
    this.#now = now;
    this.#newKey = newKey;
  }

  /** @param input whatever tells inputs apart */
  keyFor(input: object): string {
    const text = JSON.stringify(input);
    const last = this.#last;
    if (last?.input === text && this.#now() - last.acceptedAt < SAME_WISH_MS) return last.key;
    const key = this.#newKey();
    // Until it is accepted it never grows old.
    this.#last = { input: text, key, acceptedAt: Infinity };
    return key;
  }

  accepted(key: string): void {
    if (this.#last?.key === key) this.#last.acceptedAt = Math.min(this.#last.acceptedAt, this.#now());
  }
}
