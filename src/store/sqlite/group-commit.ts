import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { StoreUnavailableError } from '../job-store.ts';

/** Pieces that wait at most: the process does nothing else while they are written. */
const MAX_WAITING = 256;

/** Work that is to be committed: all of it or nothing. */
interface Piece {
  /** May be run again when it was undone, so it changes nothing but the database. */
  readonly work: () => void;
  /** The work is on the disk. Never throws. */
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Commits together what is asked for in one turn of the event loop, as each commit waits for the disk. Nobody is told
 * of anything that is not there yet, and a piece that fails harms no other.
 *
 * At most 256 pieces wait: the one that fills the queue has all of them committed at once.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #waiting: Piece[] = [];

  /** @param database open; nobody else leaves a transaction open between two turns */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Has work committed, after all that was asked for before.
   *
   * @param work synchronous; what it throws undoes it. It may be run twice, and then the second time counts
   * @param committed called with what the work returned, before anything else can look at the database
   * @returns what the work returned, once it is on the disk. Rejects with what the work threw, or with what kept it from
   *   the disk; with what `committed` threw, which undoes nothing
   */
  run<T>(work: () => T, committed: (result: T) => void = () => {}): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let result: { readonly value: T };
    const piece: Piece = {
      work: () => {
        result = { value: work() };
      },
      committed: () => {
        try {
          committed(result.value);
          resolve(result.value);
        } catch (error) {
          reject(error);
        }
      },
      failed: reject,
    };
    this.#waiting.push(piece);
    if (this.#waiting.length === MAX_WAITING) this.flush();
    // The turn's first has it done for all.
    else if (this.#waiting.length === 1) void endOfTurn().then(() => this.flush());
    return promise;
  }

  /** Commits what waits, at once. */
  flush(): void {
    const pieces = this.#waiting;
    this.#waiting = [];
    if (pieces.length > 0) this.#commit(pieces);
  }

  #commit(pieces: readonly Piece[]): void {
    let running: Piece | null = null;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const piece of pieces) {
        running = piece;
        piece.work();
      }
      running = null;
      this.#database.exec('COMMIT');
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      // What one of them met with is none of the others' business; what kept all of them from the disk is.
      if (running !== null && pieces.length > 1) for (const piece of pieces) this.#commit([piece]);
      else for (const piece of pieces) piece.failed(error);
      return;
    }
    for (const piece of pieces) piece.committed();
  }
}

/** @throws StoreUnavailableError always: the given one, or one that has the error as its cause */
export function unavailable(error: unknown): never {
  if (error instanceof StoreUnavailableError) throw error;
  throw new StoreUnavailableError('The embedded store failed.', { cause: error });
}
