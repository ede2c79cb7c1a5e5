/** Milliseconds after its acceptance in which the same input is a double click, not a new request. */
const REPEAT_WINDOW_MS = 2000;
/** Inputs that are remembered. */
const MAX_INPUTS = 100;

/**
 * Creates idempotency keys. Equal inputs get the same key until the request is accepted, however often it is sent, and for
 * REPEAT_WINDOW_MS after that. Then the same input gets a new key.
 */
export class IdempotencyKeys {
  readonly #now: () => number;
  readonly #newKey: () => string;
  /** By the text of the input, the oldest first. */
  readonly #keys = new Map<string, { readonly key: string; acceptedAt: number }>();

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number, newKey: () => string) {
    this.#now = now;
    this.#newKey = newKey;
  }

  /** @param input the whole request, without the key and without what is not part of the request for the gateway */
  keyFor(input: object): string {
    const text = textOf(input);
    let entry = this.#keys.get(text);
    if (entry === undefined || this.#now() - entry.acceptedAt >= REPEAT_WINDOW_MS)
      // Infinity: not accepted yet.
      entry = { key: this.#newKey(), acceptedAt: Infinity };
    this.#keys.delete(text);
    this.#keys.set(text, entry);
    const [oldest = ''] = this.#keys.keys();
    if (this.#keys.size > MAX_INPUTS) this.#keys.delete(oldest);
    return entry.key;
  }

  /** The gateway has accepted the input with this key. A late answer to an earlier key does not count for the key of now. */
  accepted(input: object, key: string): void {
    const entry = this.#keys.get(textOf(input));
    if (entry?.key === key) entry.acceptedAt = Math.min(entry.acceptedAt, this.#now());
  }
}

/** Equal for equal inputs, whatever the order of their fields. */
function textOf(input: object): string {
  return JSON.stringify(input, Object.keys(input).toSorted());
}
