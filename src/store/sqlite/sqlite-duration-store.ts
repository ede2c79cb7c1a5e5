import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type DurationSample, type DurationStats, KEPT_SHARE } from '../../domain/duration-model.ts';
import type { DurationStore } from '../duration-store.ts';
import { StoreUnavailableError } from '../job-store.ts';

/** What was learned of durations, in a table of the embedded store. */
export class SqliteDurationStore implements DurationStore {
  readonly #read: StatementSync;
  readonly #add: StatementSync;

  /** @param database that of the job store, migrated */
  constructor(database: DatabaseSync) {
    this.#read = database.prepare('SELECT name, weight, sum, squares FROM durations');
    this.#add = database.prepare(`
      INSERT INTO durations (name, weight, sum, squares) VALUES (:name, 1, :mean, :square)
      ON CONFLICT (name) DO UPDATE SET
        weight = weight * :kept + 1, sum = sum * :kept + :mean, squares = squares * :kept + :square`);
  }

  async read(): Promise<DurationStats> {
    const rows = attempt(() => this.#read.all());
    return new Map(
      rows.map(({ name, weight, sum, squares }) => [
        String(name),
        { weight: Number(weight), sum: Number(sum), squares: Number(squares) },
      ]),
    );
  }

  async add(samples: readonly DurationSample[]): Promise<void> {
    attempt(() => {
      for (const { group, moments } of samples) {
        this.#add.run({ name: group, kept: KEPT_SHARE, mean: moments.mean, square: moments.square });
      }
    });
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StoreUnavailableError('The embedded store failed.', { cause: error });
  }
}
