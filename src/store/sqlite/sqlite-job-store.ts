import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isFinal, type Job } from '../../domain/job/job.ts';
import { EventBus } from './event-bus.ts';
import { DAY_MS, isGivenBack } from '../job-limits.ts';
import {
  type LeasedJob,
  type LeaseQuery,
  type CreateOutcome,
  type DueJob,
  IDEMPOTENCY_MS,
  type JobCache,
  type JobStore,
  type ListQuery,
  type NewJobRecord,
  type SaveChange,
  type SaveOutcome,
  type Schedule,
  type StoreHealth,
  StoreUnavailableError,
  type Topic,
  type TopicListener,
  type Unsubscribe,
  type WaitingJob,
} from '../job-store.ts';
import { Leases } from './leases.ts';
import { DataFiles } from './data-files.ts';
import { lockFolder } from './folder-lock.ts';
import { GroupCommit, unavailable } from './group-commit.ts';
import { migrate } from './migrations.ts';
import { purgeSlice, startPurging } from './purge.ts';
import { Quarantine } from './quarantine.ts';
import { readJob, writeNotes } from './rows.ts';
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
  /** Called once in this process for each job whose record cannot be read, also by the constructor. Must not throw. */
  readonly onUnreadable: (id: string, error: unknown) => void;
}

/** What is found under an idempotency key whose job cannot be read. */
interface UnreadableJob {
  readonly type: 'unreadable';
  readonly id: string;
  readonly error: unknown;
}

/** What tells one save from another. */
interface SavedColumns {
  readonly id: string;
  readonly version: number;
  readonly body: string;
  readonly lease: string;
}

/**
 * A job that is due later than this after the start, in milliseconds, is due at once: the clock may have been set back
 * meanwhile, and to ask too early costs a call.
 */
const LATEST_DUE_MS = 10_000;
const DATABASE = 'reelgate.sqlite';

/** The embedded store: one process, one folder, SQLite in WAL mode. An answered write survives a power cut. */
export class SqliteJobStore implements JobStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #files: DataFiles;
  readonly #leases: Leases;
  readonly #quarantine: Quarantine;
  readonly #commits: GroupCommit;
  readonly #resources: DisposableStack;
  readonly #events = new EventBus();
  readonly #recent = new RecentJobs();
  readonly #options: SqliteJobStoreOptions;
  #healthCheck: Promise<StoreHealth> | null = null;

  /**
   * Opens the store. Leases of an earlier process are void, as there can be no other: its jobs are due at once.
   *
   * @throws FolderInUseError when another process has the folder
   */
  constructor(options: SqliteJobStoreOptions) {
    using resources = new DisposableStack();
    mkdirSync(options.folder, { recursive: true });
    resources.use(lockFolder(options.folder));
    this.#database = new DatabaseSync(join(options.folder, DATABASE), { timeout: 5000 });
    resources.defer(() => this.#database.close());
    // FULL: a job that was marked as submitting must still be marked after a power cut, or it would be sent twice.
    this.#database.exec(
      'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608',
    );
    migrate(this.#database);
    this.#files = new DataFiles(options.folder, [DATABASE, `${DATABASE}-wal`]);
    this.#statements = prepareStatements(this.#database);
    this.#commits = new GroupCommit(this.#database);
    this.#quarantine = new Quarantine({
      statements: this.#statements,
      commits: this.#commits,
      retentionMs: options.retentionMs,
      now: options.now,
      onUnreadable: options.onUnreadable,
      forget: (id) => this.#recent.delete(id),
    });
    this.#leases = new Leases(this.#statements, this.#quarantine);
    this.#takeOver(options.now());
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

  /** The jobs that were read or saved last. */
  get cache(): JobCache {
    return this.#recent;
  }

  /** How many listeners are there now, for tests and metrics. */
  get listenerCount(): number {
    return this.#events.size;
  }

  async create(record: NewJobRecord): Promise<CreateOutcome> {
    const { job, idempotencyKey, fingerprint, limits } = record;
    const create = (): CreateOutcome | UnreadableJob => {
      const now = this.#options.now();
      if (idempotencyKey !== null) {
        const earlier = this.#statements.findKey.get({ owner: job.ownerId, key: idempotencyKey, now });
        if (earlier !== undefined) {
          const type = earlier['fingerprint'] === fingerprint ? 'duplicate' : 'conflict';
          try {
            return { type, job: readJob(earlier) };
          } catch (error) {
            return { type: 'unreadable', id: String(earlier['id']), error };
          }
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
    this.#files.check();
    const outcome = await this.#write(create, ({ type }) => {
      if (type !== 'created') return;
      this.#recent.set(job);
      this.#events.publish(job);
      this.#events.publishWork(job);
    });
    if (outcome.type !== 'unreadable') return outcome;
    const { id, error } = outcome;
    this.#read(() => this.#quarantine.add(id, error));
    throw new StoreUnavailableError(
      `The idempotency key belongs to job ${id}, whose record cannot be read. Use another key to make another job.`,
      { cause: error },
    );
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
    const asked = {
      owner: query.ownerId,
      phases: query.phases === null ? null : JSON.stringify(query.phases),
      older: query.olderThan,
      newer: query.newerThan,
      limit: query.limit,
    };
    return this.#read(() => this.#quarantine.readAll(() => statement.all(asked), readJob));
  }

  async findCandidates(query: Omit<LeaseQuery, 'leaseUntil' | 'preferred'>): Promise<DueJob[] | null> {
    return this.#read(() => this.#leases.findCandidates(query));
  }

  async leaseDue(query: LeaseQuery): Promise<LeasedJob[]> {
    return this.#read(() => this.#leases.lease(query));
  }

  async findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]> {
    const asked = { before: dueBefore, limit };
    const select = () => this.#statements.findWaiting.all(asked);
    return this.#read(() => {
      const found = this.#quarantine.readAll(select, (row) => ({
        job: readJob(row),
        due: Number(row['due']),
      }));
      let ahead = 0;
      let from = Number.MIN_SAFE_INTEGER;
      return found.map(({ job, due }) => {
        ahead += Number(this.#statements.countAccepted.get({ from, before: due })?.['count']);
        from = due;
        return { job, ahead };
      });
    });
  }

  async save(lease: string, { job, schedule, leaseUntil, videoData }: SaveChange): Promise<SaveOutcome> {
    const { id, version, phase } = job;
    const columns = { id, version, phase, body: JSON.stringify(job), lease };
    const keep = schedule === null && !isFinal(job);
    const save = (): { readonly outcome: SaveOutcome; readonly isNew: boolean } => {
      // A video that is not paid for yet would be lost with the process.
      if (phase === 'submitting') this.#files.check();
      const { changes } = keep
        ? this.#statements.saveAndKeep.run(columns)
        : this.#statements.saveAndRelease.run({
            ...columns,
            due: isFinal(job) ? null : (schedule?.runAt ?? null),
            faults: schedule?.failureCount ?? 0,
            seen: schedule?.lastPolledAt ?? null,
            notes: writeNotes(schedule?.notes),
            purge: isFinal(job) ? this.#purgeAt(job) : null,
            uncharged: isGivenBack(job) ? 1 : 0,
          });
      if (Number(changes) === 0) return { outcome: this.#outcomeOfNoChange(columns), isNew: false };
      const wasUnreadable = this.#quarantine.lift(id);
      if (wasUnreadable && keep) this.#statements.reschedule.run({ id, now: this.#options.now() });
      if (!keep) this.#statements.endLeases.run({ id });
      else if (leaseUntil !== undefined) this.#statements.renewLease.run({ id, lease, until: leaseUntil });
      if (videoData !== undefined) this.#statements.putVideoData.run({ id, base64: videoData });
      return { outcome: 'saved', isNew: true };
    };
    const { outcome } = await this.#write(save, ({ isNew }) => {
      if (!isNew) return;
      this.#recent.set(job);
      this.#events.publish(job);
    });
    return outcome;
  }

  async release(leased: LeasedJob, { runAt, failureCount, lastPolledAt, notes }: Schedule): Promise<void> {
    const { id } = leased.job;
    const columns = { id, due: runAt, faults: failureCount, seen: lastPolledAt, notes: writeNotes(notes) };
    await this.#write(() => {
      const held = Number(this.#statements.endLease.run({ id, lease: leased.leaseId }).changes) > 0;
      if (held) this.#statements.release.run(columns);
    });
  }

  async nextDueAt(): Promise<number | null> {
    return this.#read(() => this.#leases.nextDueAt());
  }

  health(): Promise<StoreHealth> {
    this.#healthCheck ??= this.#checkHealth().finally(() => {
      this.#healthCheck = null;
    });
    return this.#healthCheck;
  }

  async subscribe(topic: Topic, listener: TopicListener): Promise<Unsubscribe> {
    return this.#events.subscribe(topic, listener);
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

  /** Brings what an earlier process has left up to this one's clock and code. */
  #takeOver(now: number): void {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#quarantine.restore();
    this.#statements.haveLateDue.run({ now, latest: now + LATEST_DUE_MS });
    this.#database.exec('COMMIT');
  }

  async #checkHealth(): Promise<StoreHealth> {
    this.#files.check();
    await this.#write(() => this.#statements.checkHealth.run());
    return this.#read(() => ({ quarantined: this.#quarantine.size }));
  }

  /** Within the transaction of a save that has changed no row. */
  #outcomeOfNoChange(columns: SavedColumns): SaveOutcome {
    const { id, version, body, lease } = columns;
    const row = this.#statements.isStored.get({ id, version, body, lease });
    if (row === undefined) return 'missing';
    return row['stored'] === 1 ? 'saved' : 'superseded';
  }

  #readJob(id: string): Job | null {
    const select = () => {
      const row = this.#statements.getReadableJob.get(id);
      return row === undefined ? [] : [row];
    };
    const [job] = this.#quarantine.readAll(select, readJob);
    if (job === undefined) return null;
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
