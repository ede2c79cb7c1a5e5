/** An action that happens once: when every participant has arrived or left, and at least one has arrived. */
export class Barrier<T> {
  readonly #act: () => Promise<T>;
  readonly #missing: Set<object>;
  readonly #outcome = Promise.withResolvers<T>();
  #isWanted = false;
  #hasActed = false;

  /** @param participants each arrives or leaves */
  constructor(participants: Iterable<object>, act: () => Promise<T>) {
    this.#act = act;
    this.#missing = new Set(participants);
    // Each `arrive` rejects with the error.
    this.#outcome.promise.catch(() => {});
  }

  /** Resolves with the outcome of the action. Others than the participants may arrive too. */
  async arrive(participant: object): Promise<T> {
    this.#missing.delete(participant);
    this.#isWanted = true;
    this.#actWhenComplete();
    return this.#outcome.promise;
  }

  /** Does nothing after `arrive`. */
  leave(participant: object): void {
    if (this.#missing.delete(participant)) this.#actWhenComplete();
  }

  #actWhenComplete(): void {
    if (this.#hasActed || !this.#isWanted || this.#missing.size > 0) return;
    this.#hasActed = true;
    this.#act().then(this.#outcome.resolve, this.#outcome.reject);
  }
}
