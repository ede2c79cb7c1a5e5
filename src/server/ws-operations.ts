interface Operation {
  readonly id: string;
  /** Null: it has none yet, or never will. */
  stream: AsyncIterator<unknown> | null;
  isSuperseded: boolean;
}

/** What is under way on one socket, by the payload that asked for it: an id can be used again, a payload is one of its kind. */
export class WsOperations {
  readonly #operations = new Map<object, Operation>();

  get size(): number {
    return this.#operations.size;
  }

  /** An earlier one of that id, if it still runs, was completed by the client, or this one would have been refused. */
  begin(payload: object, id: string): void {
    for (const operation of this.#operations.values()) if (operation.id === id) operation.isSuperseded = true;
    this.#operations.set(payload, { id, stream: null, isSuperseded: false });
  }

  opened(payload: object, stream: AsyncIterator<unknown>): void {
    const operation = this.#operations.get(payload);
    if (operation !== undefined) operation.stream = stream;
  }

  /**
   * To be asked before graphql-ws says anything of an operation. It knows them by their ids only: what it has to say of
   * one whose id has been used again, it would say of the other one, and then forget that.
   *
   * @returns null; for such a one, whose stream is then ended, a promise that never settles
   */
  superseded(payload: object): Promise<never> | null {
    const operation = this.#operations.get(payload);
    if (operation?.isSuperseded !== true) return null;
    this.#operations.delete(payload);
    return new Promise<never>((_, reject) => {
      operation.stream?.return?.().catch(reject);
    });
  }

  /** To be called when an operation is over, before that is said. @returns as `superseded` */
  end(payload: object): Promise<never> | null {
    const superseded = this.superseded(payload);
    this.#operations.delete(payload);
    return superseded;
  }

  /** Ends all streams. graphql-ws knows nothing of those whose ids have been used again. */
  async returnAll(): Promise<void> {
    for (const { stream } of this.#operations.values()) await stream?.return?.();
  }
}
