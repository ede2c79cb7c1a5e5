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
    const known = this.#keys.get(text);
    this.#keys.delete(text);
    const isRepetition = known !== undefined && this.#now() - known.acceptedAt < REPEAT_WINDOW_MS;
    // Infinity: not accepted yet.
    const entry = isRepetition ? known : { key: this.#newKey(), acceptedAt: Infinity };
    this.#keys.set(text, entry);
    if (this.#keys.size > MAX_INPUTS)
      for (const oldest of this.#keys.keys()) return this.#drop(oldest, entry.key);
    return entry.key;
  }

  /** The gateway has accepted the input. */
  accepted(input: object): void {
    const entry = this.#keys.get(textOf(input));
    if (entry !== undefined) entry.acceptedAt = Math.min(entry.acceptedAt, this.#now());
  }

  #drop(text: string, key: string): string {
    this.#keys.delete(text);
    return key;
  }
}

/** Equal for equal inputs, whatever the order of their fields. */
function textOf(input: object): string {
  return JSON.stringify(Object.entries(input).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
