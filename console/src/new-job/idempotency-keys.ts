/** The same input within this time after its acceptance is a double click, not a new request. */
const REPEAT_WINDOW_MS = 2000;

/**
 * Creates idempotency keys. Equal inputs get the same key until the request is accepted, however often it is sent, and for
 * REPEAT_WINDOW_MS after that. Then the same input gets a new key.
 */
export class IdempotencyKeys {
  readonly #now: () => number;
  readonly #newKey: () => string;
  #last: { readonly input: string; readonly key: string; acceptedAt: number } | null = null;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number, newKey: () => string) {
    this.#now = now;
    this.#newKey = newKey;
  }

  /** @param input the whole request, without the key */
  keyFor(input: object): string {
    const text = JSON.stringify(input);
    const last = this.#last;
    if (last?.input === text && this.#now() - last.acceptedAt < REPEAT_WINDOW_MS) return last.key;
    const key = this.#newKey();
    // Infinity: not accepted yet.
    this.#last = { input: text, key, acceptedAt: Infinity };
    return key;
  }

  accepted(key: string): void {
    if (this.#last?.key === key) this.#last.acceptedAt = Math.min(this.#last.acceptedAt, this.#now());
  }
}
