import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SharedText } from '../shared-text.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';

/** A text in a table of the embedded store. It survives restarts. */
export class SqliteSharedText implements SharedText {
  readonly #commits: GroupCommit;
  readonly #name: string;
  readonly #read: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;

  /**
   * @param database the migrated database of the job store
   * @param commits those of the job store
   * @param name unique among the texts of the store
   */
  constructor(database: DatabaseSync, commits: GroupCommit, name: string) {
    this.#commits = commits;
    this.#name = name;
    this.#read = database.prepare('SELECT text FROM shared_texts WHERE name = :name');
    this.#insert = database.prepare('INSERT OR IGNORE INTO shared_texts (name, text) VALUES (:name, :next)');
    this.#update = database.prepare(
      'UPDATE shared_texts SET text = :next WHERE name = :name AND text = :expected',
    );
  }

  async read(): Promise<string | null> {
    const text = attempt(() => this.#read.get({ name: this.#name })?.['text']);
    return typeof text === 'string' ? text : null;
  }

  async replace(expected: string | null, next: string): Promise<boolean> {
    const columns = { name: this.#name, next };
    const replace = () =>
      expected === null ? this.#insert.run(columns) : this.#update.run({ ...columns, expected });
    const { changes } = await this.#commits.run(replace).catch(unavailable);
    return Number(changes) > 0;
  }
}
