import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { Job } from '../../domain/job/job.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import type {
  CreateOutcome,
  DueJob,
  DueQuery,
  JobCache,
  JobStore,
  LeasedJob,
  LeaseQuery,
  ListQuery,
  NewJobRecord,
  RemovalListener,
  RemoveOutcome,
  SaveChange,
  SaveOutcome,
  Schedule,
  StoreHealth,
  Topic,
  TopicListener,
  Unsubscribe,
  WaitingJob,
} from '../job-store.ts';
import { lockFolder, OpenFiles } from './database/folder.ts';
import { attempt, GroupCommit, unavailable } from './database/group-commit.ts';
import { Leases } from './database/leases.ts';
import { migrate } from './database/migrations.ts';
import { purgeSlice, startPurging } from './database/purge.ts';
import { prepareStatements, type Statements } from './database/statements.ts';
import { EventBus } from './event-bus.ts';
import { SqliteJobQueue } from './job-queue.ts';
import { SqliteJobs } from './jobs.ts';
import { PromptIndex } from './prompts/prompt-index.ts';
import { preparePromptStatements } from './prompts/prompt-statements.ts';
import { Quarantine } from './quarantine.ts';

export interface SqliteJobStoreOptions {
  /** Created when it does not exist. */
  readonly folder: string;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Gets `store:unreadable` once for each job whose record cannot be read, also from the constructor. */
  readonly events: EventEmitter;
}

/**
 * A job that is due later than this after the start, in milliseconds, becomes due at once: the clock may have been set back before the
 * start, and a poll that is too early costs only a call.
 */
const LATEST_DUE_MS = 10_000;
const DATABASE = 'reelgate.sqlite';
const MAX_CACHED_JOBS = 1000;

/** The embedded store: one process, one folder, SQLite in WAL mode. An answered write survives a power failure. */
export class SqliteJobStore implements JobStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #files: OpenFiles;
  readonly #jobs: SqliteJobs;
  readonly #queue: SqliteJobQueue;
  readonly #quarantine: Quarantine;
  readonly #commits: GroupCommit;
  readonly #resources: DisposableStack;
  readonly #events = new EventBus();
  readonly #cache = new LRUCache<string, Job>({ max: MAX_CACHED_JOBS });
  readonly #now: () => number;
  #healthCheck: Promise<StoreHealth> | null = null;

  /**
   * Opens the store. Leases of an earlier process are void, because only one process uses the folder: its jobs are due at once.
   *
   * @throws FolderInUseError when another process uses the folder
   */
  constructor({ folder, retentionMs, now, events: emitter }: SqliteJobStoreOptions) {
    using resources = new DisposableStack();
    mkdirSync(folder, { recursive: true });
    resources.use(lockFolder(folder));
    const database = new DatabaseSync(join(folder, DATABASE), { timeout: 5000 });
    resources.defer(() => database.close());
    // FULL: a job that was marked as submitting must still be marked after a power failure, or it would be submitted twice.
    database.exec(
      'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608',
    );
    migrate(database);
    const files = new OpenFiles(folder, [DATABASE, `${DATABASE}-wal`]);
    const statements = prepareStatements(database);
    const commits = new GroupCommit(database);
    const leases = new Leases(database, commits, 'job_leases');
    const cache = this.#cache;
    const quarantine = new Quarantine({
      statements,
      commits,
      retentionMs,
      now,
      events: emitter,
      forget: (id) => cache.delete(id),
    });
    const prompts = preparePromptStatements(database);
    const promptIndex = resources.use(new PromptIndex({ database, statements: prompts, events: emitter }));
    const events = this.#events;
    const parts = { statements, commits, leases, quarantine, prompts, promptIndex, files, events, cache };
    this.#jobs = new SqliteJobs({ ...parts, retentionMs, now });
    this.#queue = new SqliteJobQueue(statements, leases, quarantine);
    this.#database = database;
    this.#statements = statements;
    this.#files = files;
    this.#commits = commits;
    this.#quarantine = quarantine;
    this.#now = now;
    this.#recover();
    resources.use(startPurging(() => this.#purge(), emitter));
    promptIndex.wake();
    this.#resources = resources.move();
  }

  /** The open database, for other parts that store data in it. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /** Commits to the database, for other parts that store data in it. */
  get commits(): GroupCommit {
    return this.#commits;
  }

  /** The quarantine, for other parts that read jobs from the database. */
  get quarantine(): Quarantine {
    return this.#quarantine;
  }

  /** The jobs that were read or saved last. */
  get cache(): JobCache {
    return this.#cache;
  }

  /** Notifies pollers that a job is due now, for other parts that schedule jobs. */
  publishWork(job: Job): void {
    this.#events.publishWork(job);
  }

  /** The number of listeners, for tests. */
  get listenerCount(): number {
    return this.#events.size;
  }

  create(record: NewJobRecord): Promise<CreateOutcome> {
    return this.#jobs.create(record);
  }

  getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    return this.#jobs.getMany(ids);
  }

  isStored(jobId: string): Promise<boolean> {
    return this.#jobs.isStored(jobId);
  }

  getVideoData(jobId: string): Promise<string | null> {
    return this.#jobs.getVideoData(jobId);
  }

  deleteVideoData(jobId: string): Promise<void> {
    return this.#jobs.deleteVideoData(jobId);
  }

  list(query: ListQuery): Promise<Job[]> {
    return this.#jobs.list(query);
  }

  get searchesPrompts(): boolean {
    return this.#jobs.searchesPrompts;
  }

  remove(job: Job): Promise<RemoveOutcome> {
    return this.#jobs.remove(job);
  }

  async subscribeRemovals(ownerId: string, listener: RemovalListener): Promise<Unsubscribe> {
    return this.#events.subscribeRemovals(ownerId, listener);
  }

  save(leaseId: string, change: SaveChange): Promise<SaveOutcome> {
    return this.#jobs.save(leaseId, change);
  }

  findCandidates(query: DueQuery): Promise<DueJob[] | null> {
    return this.#queue.findCandidates(query);
  }

  leaseDue(query: LeaseQuery): Promise<LeasedJob[]> {
    return this.#queue.leaseDue(query);
  }

  findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]> {
    return this.#queue.findWaiting(dueBefore, limit);
  }

  release(leased: LeasedJob, schedule: Schedule): Promise<void> {
    return this.#queue.release(leased, schedule);
  }

  nextDueAt(): Promise<number | null> {
    return this.#queue.nextDueAt();
  }

  /** Concurrent calls share one check. */
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
    this.#cache.clear();
    this.#resources.dispose();
  }

  #purge(): boolean {
    const options = {
      database: this.#database,
      statements: this.#statements,
      forget: (id: string) => this.#cache.delete(id),
    };
    return attempt(() => purgeSlice(options, this.#now()));
  }

  /** Restores the quarantine, and makes jobs due that an earlier process scheduled by a wrong clock. */
  #recover(): void {
    const now = this.#now();
    this.#database.exec('BEGIN IMMEDIATE');
    this.#quarantine.restore();
    this.#statements.rescheduleFar.run({ now, latest: now + LATEST_DUE_MS });
    this.#database.exec('COMMIT');
  }

  async #checkHealth(): Promise<StoreHealth> {
    this.#files.check();
    await this.#commits.run(() => this.#statements.checkHealth.run()).catch(unavailable);
    return attempt(() => ({ quarantined: this.#quarantine.size }));
  }
}
