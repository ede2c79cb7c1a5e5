import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { CANNOT_WRITE, StoreUnavailableError } from '../../job-store.ts';

/** The queue is committed when it has this length, because the process is blocked while it is written. */
const MAX_WAITING = 256;

/** Work that is committed as a whole or not at all. */
interface Piece {
  /** Runs again when it was rolled back, so it must change nothing but the database. */
  readonly work: () => void;
  /** Called when the work is on the disk. Never throws. */
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Commits the work of one turn of the event loop together, because each commit waits for the disk. A caller learns of its work only once
 * it is on the disk, and work that fails does not affect other work. When 256 pieces wait, they are committed at once.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #waiting: Piece[] = [];

  /** @param database open; no other code leaves a transaction open between two turns */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Commits work, after all earlier work.
   *
   * @param work synchronous; an exception rolls it back. When it runs twice, the second result counts
   * @param committed called with the result of the work, before other code can read the database
   * @returns the result of the work, once it is on the disk. Rejects with the exception of the work or of the commit; also with an
   *   exception of `committed`, which rolls back nothing
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
    // The first piece of a turn schedules the commit for all of them.
    else if (this.#waiting.length === 1) void endOfTurn().then(() => this.flush());
    return promise;
  }

  /** Commits the queue now. */
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
      // SQLite has already rolled back when the disk is full.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      // An exception of one piece concerns only that piece, so each one is committed alone. A failed commit concerns all.
      if (running !== null && pieces.length > 1) for (const piece of pieces) this.#commit([piece]);
      else for (const piece of pieces) piece.failed(error);
      return;
    }
    for (const piece of pieces) piece.committed();
  }
}

/** Runs synchronous work. @throws StoreUnavailableError with the failure as its cause */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return unavailable(error);
  }
}

/** @throws StoreUnavailableError the given one, or one with the error as its cause */
export function unavailable(error: unknown): never {
  if (error instanceof StoreUnavailableError) throw error;
  const shown = NOT_WRITABLE.has(codeOf(error)) ? { shown: CANNOT_WRITE } : {};
  throw new StoreUnavailableError('The embedded store failed', { cause: error, ...shown });
}

/** SQLITE_READONLY, SQLITE_IOERR and SQLITE_FULL (https://sqlite.org/rescode.html). */
const NOT_WRITABLE: ReadonlySet<number> = new Set([8, 10, 13]);

/** The primary code of an error of SQLite: the low byte. */
function codeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}
