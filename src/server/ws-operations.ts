import { GraphQLError } from 'graphql';

/** Under way at a time on one socket; every change of a job costs something for each. */
const MAX_OPERATIONS = 100;

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

  /**
   * Begins one. An earlier one of that id, if it still runs, was completed by the client, or graphql-ws would have
   * refused this one.
   *
   * @returns why it may not begin; null: it has begun
   */
  begin(payload: object, id: string): GraphQLError | null {
    if (this.#operations.size >= MAX_OPERATIONS) return tooManyOperations();
    for (const operation of this.#operations.values()) if (operation.id === id) operation.isSuperseded = true;
    this.#operations.set(payload, { id, stream: null, isSuperseded: false });
    return null;
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

function tooManyOperations(): GraphQLError {
  return new GraphQLError(
    `There are ${MAX_OPERATIONS} operations under way on this socket already. Wait for one to end, or complete one.`,
    { extensions: { code: 'TOO_MANY_OPERATIONS' } },
  );
}
