import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type AdoptOutcome, SUBMISSION_MEMORY_MS, type Submissions } from '../submissions.ts';
import { type GroupCommit, unavailable } from './database/group-commit.ts';

/** Maps upstream requests to jobs, in tables of the embedded store. The store's purge deletes old rows. */
export class SqliteSubmissions implements Submissions {
  readonly #commits: GroupCommit;
  readonly #now: () => number;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #remember: StatementSync;
  readonly #findOwner: StatementSync;
  readonly #findOther: StatementSync;

  /**
   * @param database the migrated database of the job store
   * @param commits those of the job store
   * @param now epoch milliseconds
   */
  constructor(database: DatabaseSync, commits: GroupCommit, now: () => number) {
    this.#commits = commits;
    this.#now = now;
    this.#begin = database.prepare(`
      INSERT OR REPLACE INTO submissions_in_flight (fingerprint, job_id, begun_at)
      VALUES (:fingerprint, :jobId, :now)`);
    this.#end = database.prepare(
      'DELETE FROM submissions_in_flight WHERE fingerprint = :fingerprint AND job_id = :jobId',
    );
    this.#remember = database.prepare(`
      INSERT OR REPLACE INTO upstream_requests (upstream_id, job_id, known_since)
      VALUES (:upstreamId, :jobId, :now)`);
    this.#findOwner = database.prepare(`
      SELECT job_id FROM upstream_requests WHERE upstream_id = :upstreamId AND known_since > :since`);
    this.#findOther = database.prepare(`
      SELECT 1 FROM submissions_in_flight
      WHERE fingerprint = :fingerprint AND job_id <> :jobId AND begun_at > :since LIMIT 1`);
  }

  async begin(fingerprint: string, jobId: string): Promise<void> {
    await this.#write(() => this.#begin.run({ fingerprint, jobId, now: this.#now() }));
  }

  async end(fingerprint: string, jobId: string, upstreamId: string | null): Promise<void> {
    await this.#write(() => {
      this.#end.run({ fingerprint, jobId });
      // The answer to a job's own POST overrides an adoption from the history by another job.
      if (upstreamId !== null) this.#remember.run({ upstreamId, jobId, now: this.#now() });
    });
  }

  async adopt(fingerprint: string, jobId: string, upstreamId: string): Promise<AdoptOutcome> {
    return this.#write(() => {
      const now = this.#now();
      const since = now - SUBMISSION_MEMORY_MS;
      const owner = this.#findOwner.get({ upstreamId, since });
      if (owner !== undefined) return owner['job_id'] === jobId ? 'adopted' : 'taken';
      if (this.#findOther.get({ fingerprint, jobId, since }) !== undefined) return 'in-flight';
      this.#remember.run({ upstreamId, jobId, now });
      return 'adopted';
    });
  }

  async #write<T>(work: () => T): Promise<T> {
    return this.#commits.run(work).catch(unavailable);
  }
}
