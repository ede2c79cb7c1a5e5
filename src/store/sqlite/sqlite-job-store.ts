import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isFinal, type Job } from '../../domain/job.ts';
import { Announcer } from '../announcer.ts';
import { DAY_MS, isGivenBack } from '../job-limits.ts';
import {
  type Claim,
  type ClaimQuery,
  type CreateOutcome,
  IDEMPOTENCY_MS,
  type JobStore,
  type ListQuery,
  type NewJobRecord,
  type SaveChange,
  type Schedule,
  type Topic,
  type TopicListener,
  type Unwatch,
} from '../job-store.ts';
import { Claims } from './claims.ts';
import { lockFolder } from './folder-lock.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate } from './migrations.ts';
import { purgeSlice, startPurging } from './purge.ts';
import { RecentJobs } from './recent-jobs.ts';
import { readJob } from './rows.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { unavailable } from './unavailable.ts';
import { usedUpLimit } from './used-up-limit.ts';

/** Settings of the embedded store. */
export interface SqliteJobStoreOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called when the clearing away of old jobs fails; it is tried again later. */
  readonly onPurgeError: (error: unknown) => void;
}

/** The embedded store: one process, one folder, SQLite in WAL mode. An answered write survives a power cut. */
export class SqliteJobStore implements JobStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #claims: Claims;
  readonly #commits: GroupCommit;
  readonly #resources: DisposableStack;
  readonly #announcer = new Announcer();
  readonly #recent = new RecentJobs();
  readonly #options: SqliteJobStoreOptions;

  /**
   * Opens the store. Leases of an earlier process are void, as there can be no other: its jobs are due at once.
   *
   * @throws FolderInUseError when another process has the folder
   */
  constructor(options: SqliteJobStoreOptions) {
    using resources = new DisposableStack();
    mkdirSync(options.folder, { recursive: true });
    resources.use(lockFolder(options.folder));
    this.#database = new DatabaseSync(join(options.folder, 'reelgate.sqlite'), { timeout: 5000 });
    resources.defer(() => this.#database.close());
    // FULL: a job that was marked as submitting must still be marked after a power cut, or it would be sent twice.
    this.#database.exec(
      'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608',
    );
    migrate(this.#database);
    this.#statements = prepareStatements(this.#database);
    this.#claims = new Claims(this.#statements);
    this.#commits = new GroupCommit(this.#database);
    resources.use(startPurging(() => this.#purge(), options.onPurgeError));
    this.#options = options;
    this.#resources = resources.move();
  }

  /** The open database, for what else lives in it. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /** Writes to it, for what else lives in it. */
  get commits(): GroupCommit {
    return this.#commits;
  }

  /** How many listeners are there now, for tests and metrics. */
  get listenerCount(): number {
    return this.#announcer.size;
  }

  async create(record: NewJobRecord): Promise<CreateOutcome> {
    const { job, idempotencyKey, fingerprint, limits } = record;
    const create = (): CreateOutcome => {
      const now = this.#options.now();
      if (idempotencyKey !== null) {
        const earlier = this.#statements.findKey.get({ owner: job.ownerId, key: idempotencyKey, now });
        if (earlier !== undefined) {
          const type = earlier['fingerprint'] === fingerprint ? 'duplicate' : 'conflict';
          return { type, job: readJob(earlier) };
        }
      }
      const refusal = usedUpLimit(this.#statements, job.ownerId, limits, now);
      if (refusal !== null) return { type: 'refused', ...refusal };
      this.#statements.insertJob.run({
        id: job.id,
        owner: job.ownerId,
        version: job.version,
        phase: job.phase,
        body: JSON.stringify(job),
        deadline: job.deadlineAt,
        due: job.createdAt,
        created: job.createdAt,
      });
      if (idempotencyKey !== null) {
        this.#statements.putKey.run({
          owner: job.ownerId,
          key: idempotencyKey,
          job: job.id,
          fingerprint,
          expires: now + IDEMPOTENCY_MS,
        });
      }
      return { type: 'created' };
    };
    return this.#write(create, (outcome) => {
      if (outcome.type !== 'created') return;
      this.#recent.set(job);
      this.#announcer.announce(job);
      this.#announcer.announceWork(job);
    });
  }

  cached(id: string): Job | undefined {
    return this.#recent.get(id);
  }

  async getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    // In the process itself a statement for each costs less than one that takes a list.
    return this.#read(() => ids.map((id) => this.#recent.get(id) ?? this.#readJob(id)));
  }

  async getVideoData(jobId: string): Promise<string | null> {
    const row = this.#read(() => this.#statements.getVideoData.get({ id: jobId }));
    return row === undefined ? null : String(row['base64']);
  }

  async list(query: ListQuery): Promise<Job[]> {
    const statement = query.ascending ? this.#statements.listAscending : this.#statements.listDescending;
    const rows = this.#read(() =>
      statement.all({
        owner: query.ownerId,
        phases: query.phases === null ? null : JSON.stringify(query.phases),
        older: query.olderThan,
        newer: query.newerThan,
        limit: query.limit,
      }),
    );
    return rows.map(readJob);
  }

  async claimDue(query: ClaimQuery): Promise<Claim[]> {
    return this.#read(() => this.#claims.claim(query));
  }

  async save(claim: Claim, { job, schedule, videoData }: SaveChange): Promise<boolean> {
    const { id, version, phase } = job;
    const { lease } = claim;
    const columns = { id, version, phase, body: JSON.stringify(job), lease };
    const keep = schedule === null && !isFinal(job);
    const save = (): boolean => {
      const { changes } = keep
        ? this.#statements.saveAndKeep.run(columns)
        : this.#statements.saveAndRelease.run({
            ...columns,
            due: isFinal(job) ? null : (schedule?.dueAt ?? null),
            faults: schedule?.faults ?? 0,
            seen: schedule?.seenAt ?? null,
            purge: isFinal(job) ? this.#purgeAt(job) : null,
            uncharged: isGivenBack(job) ? 1 : 0,
          });
      if (Number(changes) === 0) return false;
      if (!keep) this.#statements.endLease.run({ id, lease });
      if (videoData !== undefined) this.#statements.putVideoData.run({ id, base64: videoData });
      return true;
    };
    return this.#write(save, (saved) => {
      if (!saved) return;
      this.#recent.set(job);
      this.#announcer.announce(job);
    });
  }

  async release(claim: Claim, { dueAt, faults, seenAt }: Schedule): Promise<void> {
    const { id } = claim.job;
    await this.#write(() => {
      const held = Number(this.#statements.endLease.run({ id, lease: claim.lease }).changes) > 0;
      if (held) this.#statements.release.run({ id, due: dueAt, faults, seen: seenAt });
    });
  }

  async nextDueAt(): Promise<number | null> {
    return this.#read(() => this.#claims.nextDueAt());
  }

  async ping(): Promise<void> {
    await this.nextDueAt();
  }

  async watch(topic: Topic, listener: TopicListener): Promise<Unwatch> {
    return this.#announcer.listen(topic, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#commits.flush();
    this.#recent.clear();
    this.#resources.dispose();
  }

  /**
   * A job whose idempotency key still counts has to stay, or the key would let the same job be made twice; so has one
   * of the day's, or it would not be counted.
   */
  #purgeAt(job: Job): number {
    return Math.max(
      this.#options.now() + this.#options.retentionMs,
      job.createdAt + Math.max(IDEMPOTENCY_MS, DAY_MS),
    );
  }

  #purge(): boolean {
    this.#recent.clear();
    return this.#read(() => purgeSlice(this.#database, this.#statements, this.#options.now()));
  }

  #readJob(id: string): Job | null {
    const row = this.#statements.getJob.get(id);
    if (row === undefined) return null;
    const job = readJob(row);
    this.#recent.set(job);
    return job;
  }

  async #write<T>(work: () => T, committed?: (result: T) => void): Promise<T> {
    return this.#commits.run(work, committed).catch(unavailable);
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      return unavailable(error);
    }
  }
}
