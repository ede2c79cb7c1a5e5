/** Milliseconds after its acceptance in which the same input is a double click, not a new request. */
const REPEAT_WINDOW_MS = 2000;
/**
 * Inputs that are remembered, at most 4 MB. Those that were accepted leave, so these have failed or are under way: one that the gateway
 * accepted, but whose answer was lost, would make a second job if its key were forgotten.
 */
const MAX_INPUTS = 1000;

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
    for (const [known, { acceptedAt }] of this.#keys)
      if (this.#now() - acceptedAt >= REPEAT_WINDOW_MS) this.#keys.delete(known);
    const text = textOf(input);
    // Infinity: not accepted yet.
    const entry = this.#keys.get(text) ?? { key: this.#newKey(), acceptedAt: Infinity };
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
