import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
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
  StoreUnavailableError,
  type Topic,
  type TopicListener,
  type Unwatch,
  WORTH_LOOKS,
  worthMost,
} from '../job-store.ts';
import { lockFolder } from './folder-lock.ts';
import { migrate } from './migrations.ts';
import { purgeSlice, startPurging } from './purge.ts';
import { RecentJobs } from './recent-jobs.ts';
import { prepareStatements, type Statements } from './statements.ts';
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
  readonly #resources: DisposableStack;
  readonly #announcer = new Announcer();
  readonly #recent = new RecentJobs();
  readonly #options: SqliteJobStoreOptions;
  /** Sets the names of this store's leases apart from those of the store that had the folder before. */
  readonly #leasePrefix = randomUUID();
  #leases = 0;

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
    this.#statements.voidLeases.run({ now: options.now() });
    resources.use(startPurging(() => this.#purge(), options.onPurgeError));
    this.#options = options;
    this.#resources = resources.move();
  }

  /** The open database, for what else lives in it. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /** How many listeners are there now, for tests and metrics. */
  get listenerCount(): number {
    return this.#announcer.size;
  }

  async create(record: NewJobRecord): Promise<CreateOutcome> {
    const { job, idempotencyKey, fingerprint, limits } = record;
    const outcome = this.#write((): CreateOutcome => {
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
    });
    if (outcome.type === 'created') {
      this.#recent.set(job);
      this.#announcer.announce(job);
      this.#announcer.announceWork(job);
    }
    return outcome;
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
    const { now, leaseUntil, limit, callLimit } = query;
    return this.#write(() => {
      const expired = this.#statements.findExpired.all({ now, limit }).map(readDueJob);
      const room = Math.min(limit - expired.length, callLimit);
      const due = room > 0 ? this.#findDue(query, room) : [];
      return [...expired, ...due].map(({ job, faults, seenAt }) => {
        const lease = `${this.#leasePrefix}:${++this.#leases}`;
        this.#statements.lease.run({ id: job.id, lease, until: leaseUntil });
        return { job, faults, seenAt, lease };
      });
    });
  }

  async save(claim: Claim, { job, schedule, videoData }: SaveChange): Promise<boolean> {
    const saved = this.#write(() => {
      const { id, version, phase } = job;
      const columns = { id, version, phase, body: JSON.stringify(job), lease: claim.lease };
      const keep = schedule === null && !isFinal(job);
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
      if (videoData !== undefined) this.#statements.putVideoData.run({ id, base64: videoData });
      return true;
    });
    if (saved) {
      this.#recent.set(job);
      this.#announcer.announce(job);
    }
    return saved;
  }

  async release(claim: Claim, { dueAt, faults, seenAt }: Schedule): Promise<void> {
    const columns = { id: claim.job.id, lease: claim.lease, due: dueAt, faults, seen: seenAt };
    this.#write(() => this.#statements.release.run(columns));
  }

  async nextDueAt(): Promise<number | null> {
    const due = this.#read(() => this.#statements.nextDue.get())?.['due'];
    return typeof due === 'number' ? due : null;
  }

  async ping(): Promise<void> {
    await this.nextDueAt();
  }

  async watch(topic: Topic, listener: TopicListener): Promise<Unwatch> {
    return this.#announcer.listen(topic, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recent.clear();
    this.#resources.dispose();
  }

  #findDue({ now, worth }: ClaimQuery, room: number): ReturnType<typeof readDueJob>[] {
    if (worth === null) return this.#statements.findDue.all({ now, limit: room }).map(readDueJob);
    const looks = { now, limit: WORTH_LOOKS };
    const rows = [...this.#statements.findUrgent.all(looks), ...this.#statements.findDue.all(looks)];
    const found = new Map(rows.map(readDueJob).map((due) => [due.job.id, due]));
    return worthMost([...found.values()], worth).slice(0, room);
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

  #write<T>(work: () => T): T {
    return this.#read(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk may have rolled it back already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new StoreUnavailableError('The embedded store failed.', { cause: error });
    }
  }
}

function readDueJob(row: Record<string, SQLOutputValue>): Omit<Claim, 'lease'> {
  const { faults, seen_at: seenAt } = row;
  return { job: readJob(row), faults: Number(faults), seenAt: typeof seenAt === 'number' ? seenAt : null };
}

function readJob(row: Record<string, SQLOutputValue>): Job {
  // Written by this class, in this version of the schema or brought up to it by a migration.
  const job: Job = JSON.parse(String(row['body']));
  return job;
}
