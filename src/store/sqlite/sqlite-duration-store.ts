import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type DurationSample, type DurationStats, KEPT_SHARE } from '../../domain/duration-model.ts';
import type { DurationStore } from '../duration-store.ts';
import { type GroupCommit, unavailable } from './group-commit.ts';

/** What was learned of durations, in a table of the embedded store. */
export class SqliteDurationStore implements DurationStore {
  readonly #read: StatementSync;
  readonly #add: StatementSync;
  readonly #commits: GroupCommit;

  /**
   * @param database that of the job store, migrated
   * @param commits that of the job store
   */
  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#read = database.prepare('SELECT name, weight, sum, squares FROM durations');
    this.#add = database.prepare(`
      INSERT INTO durations (name, weight, sum, squares) VALUES (:name, 1, :mean, :square)
      ON CONFLICT (name) DO UPDATE SET
        weight = weight * :kept + 1, sum = sum * :kept + :mean, squares = squares * :kept + :square`);
  }

  async read(): Promise<DurationStats> {
    try {
      const rows = this.#read.all();
      return new Map(
        rows.map(({ name, weight, sum, squares }) => [
          String(name),
          { weight: Number(weight), sum: Number(sum), squares: Number(squares) },
        ]),
      );
    } catch (error) {
      return unavailable(error);
    }
  }

  async add(samples: readonly DurationSample[]): Promise<void> {
    const add = () => {
      for (const { group, moments } of samples) {
        this.#add.run({ name: group, kept: KEPT_SHARE, mean: moments.mean, square: moments.square });
      }
    };
    await this.#commits.run(add).catch(unavailable);
  }
}
