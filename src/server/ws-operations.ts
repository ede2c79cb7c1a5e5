import { GraphQLError } from 'graphql';
import type { Answer } from '../graphql/answer-budget.ts';

interface Operation {
  readonly id: string;
  /** Null: it has none yet, or never will. */
  stream: AsyncIterator<unknown> | null;
  isSuperseded: boolean;
  /** The memory of its answer; null: it has none. */
  answer: Answer | null;
}

/** What is under way on one socket, by the payload that asked for it: an id can be used again, a payload is one of its kind. */
export class WsOperations {
  readonly #operations = new Map<object, Operation>();
  readonly #max: number;

  /** @param max how many may be under way at a time */
  constructor(max: number) {
    this.#max = max;
  }

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
    if (this.#operations.size >= this.#max) return tooManyOperations(this.#max);
    for (const operation of this.#operations.values()) if (operation.id === id) operation.isSuperseded = true;
    this.#operations.set(payload, { id, stream: null, isSuperseded: false, answer: null });
    return null;
  }

  /** Notes what an operation takes of the memory of all answers; it is given back when the operation is over. */
  hold(payload: object, answer: Answer): void {
    const operation = this.#operations.get(payload);
    if (operation === undefined) answer.release();
    else operation.answer = answer;
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
    this.#delete(payload);
    return new Promise<never>((_, reject) => {
      operation.stream?.return?.().catch(reject);
    });
  }

  /** To be called when an operation is over, before that is said. @returns as `superseded` */
  end(payload: object): Promise<never> | null {
    const superseded = this.superseded(payload);
    this.#delete(payload);
    return superseded;
  }

  #delete(payload: object): void {
    this.#operations.get(payload)?.answer?.release();
    this.#operations.delete(payload);
  }

  /** Ends all streams. graphql-ws knows nothing of those whose ids have been used again. */
  async returnAll(): Promise<void> {
    for (const { answer } of this.#operations.values()) answer?.release();
    for (const { stream } of this.#operations.values()) await stream?.return?.();
  }
}

function tooManyOperations(max: number): GraphQLError {
  return new GraphQLError(
    `There are ${max.toLocaleString('en')} operations under way on this socket already. Wait for one to end, or complete one.`,
    { extensions: { code: 'TOO_MANY_OPERATIONS' } },
  );
}
