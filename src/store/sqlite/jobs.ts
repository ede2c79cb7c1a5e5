import type { LRUCache } from 'lru-cache';
import { forcedEndAt, isFinal, type Job } from '../../domain/job/job.ts';
import { encodeNotes } from '../../domain/job/poll-notes.ts';
import { DAY_MS, isUncharged } from '../job-limits.ts';
import {
  type CreateOutcome,
  IDEMPOTENCY_MS,
  type Jobs,
  type ListQuery,
  type NewJobRecord,
  type RemoveOutcome,
  type SaveChange,
  type SaveOutcome,
  StoreUnavailableError,
} from '../job-store.ts';
import { deleteJob } from './database/delete-job.ts';
import type { OpenFiles } from './database/folder.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';
import type { Leases } from './database/leases.ts';
import { readJob, type Row } from './database/rows.ts';
import type { Statements } from './database/statements.ts';
import type { EventBus } from './event-bus.ts';
import { usedUpLimit } from './limits.ts';
import { listJobs } from './list-jobs.ts';
import type { PromptIndex } from './prompts/prompt-index.ts';
import type { PromptStatements } from './prompts/prompt-statements.ts';
import { searchPrompts } from './prompts/search-prompts.ts';
import type { Quarantine } from './quarantine.ts';

export interface SqliteJobsOptions {
  readonly statements: Statements;
  readonly commits: GroupCommit;
  readonly leases: Leases;
  readonly quarantine: Quarantine;
  readonly prompts: PromptStatements;
  readonly promptIndex: PromptIndex;
  readonly files: OpenFiles;
  readonly events: EventBus;
  /** Jobs that were read or saved last. Knows of every write, because one process uses the folder. */
  readonly cache: LRUCache<string, Job>;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The idempotency key belongs to a job that cannot be read. */
interface UnreadableJob {
  readonly type: 'unreadable';
  readonly id: string;
  readonly error: unknown;
}

/** The jobs in the database. A committed version enters the cache before it is published. */
export class SqliteJobs implements Jobs {
  readonly #options: SqliteJobsOptions;
  readonly #statements: Statements;

  constructor(options: SqliteJobsOptions) {
    this.#options = options;
    this.#statements = options.statements;
  }

  async create(record: NewJobRecord): Promise<CreateOutcome> {
    const { commits, files, quarantine, cache, events } = this.#options;
    const { job } = record;
    files.check();
    const outcome = await commits
      .run(
        () => this.#insert(record),
        ({ type }) => {
          if (type !== 'created') return;
          cache.set(job.id, job);
          events.publish(job);
          events.publishWork(job);
        },
      )
      .catch(unavailable);
    if (outcome.type !== 'unreadable') return outcome;
    const { id, error } = outcome;
    attempt(() => quarantine.add(id, error));
    throw new StoreUnavailableError(
      `The idempotency key belongs to job ${id}, whose record cannot be read. Use another key to create another job.`,
      { cause: error },
    );
  }

  async getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    // In-process, a statement for each id costs less than one that takes a list.
    return attempt(() => ids.map((id) => this.#options.cache.get(id) ?? this.#readJob(id)));
  }

  async isStored(jobId: string): Promise<boolean> {
    return attempt(() => this.#statements.hasJob.get({ id: jobId }) !== undefined);
  }

  async getVideoData(jobId: string): Promise<string | null> {
    const row = attempt(() => this.#statements.getVideoData.get({ id: jobId }));
    return row === undefined ? null : String(row['base64']);
  }

  async deleteVideoData(jobId: string): Promise<void> {
    const { commits } = this.#options;
    await commits.run(() => this.#statements.deleteVideoData.run({ id: jobId })).catch(unavailable);
  }

  get searchesPrompts(): boolean {
    return true;
  }

  async remove(job: Job): Promise<RemoveOutcome> {
    const { commits, cache, events } = this.#options;
    return commits
      .run(
        () => this.#delete(job),
        (outcome) => {
          if (outcome !== 'removed') return;
          cache.delete(job.id);
          events.publishRemoval(job.ownerId, job.id);
        },
      )
      .catch(unavailable);
  }

  async list(query: ListQuery): Promise<Job[]> {
    const { statements, quarantine, prompts, promptIndex: index } = this.#options;
    if (query.prompt === undefined) return attempt(() => listJobs(statements, quarantine, query));
    return searchPrompts({ statements, quarantine, prompts, index }, query).catch(unavailable);
  }

  async save(leaseId: string, change: SaveChange): Promise<SaveOutcome> {
    const { commits, cache, events, promptIndex } = this.#options;
    const { job } = change;
    const { outcome } = await commits
      .run(
        () => this.#update(leaseId, change),
        ({ isNew }) => {
          if (!isNew) return;
          cache.set(job.id, job);
          events.publish(job);
          if (isFinal(job)) promptIndex.wake();
        },
      )
      .catch(unavailable);
    return outcome;
  }

  /** Runs within a transaction. */
  #insert(record: NewJobRecord): CreateOutcome | UnreadableJob {
    const { job, idempotencyKey, fingerprint, limits, mayCreate = true } = record;
    const now = this.#options.now();
    const { id, ownerId: owner } = job;
    if (idempotencyKey !== null) {
      const earlier = this.#statements.findKey.get({ owner, key: idempotencyKey, now });
      if (earlier !== undefined) return readEarlier(earlier, fingerprint);
    }
    if (!mayCreate) return { type: 'unknown' };
    const refusal = usedUpLimit(this.#statements, owner, limits, now);
    if (refusal !== null) return { type: 'refused', ...refusal };
    this.#statements.insertJob.run({
      id,
      owner,
      version: job.version,
      phase: job.phase,
      body: JSON.stringify(job),
      deadline: forcedEndAt(job),
      due: job.createdAt,
      created: job.createdAt,
    });
    if (idempotencyKey !== null) {
      const expires = now + IDEMPOTENCY_MS;
      this.#statements.putKey.run({ owner, key: idempotencyKey, job: id, fingerprint, expires });
    }
    return { type: 'created' };
  }

  /** Runs within a transaction. */
  #update(
    lease: string,
    { job, schedule, leaseUntil, videoData, addsFileTask, deliveries = [] }: SaveChange,
  ): { readonly outcome: SaveOutcome; readonly isNew: boolean } {
    const { files, leases, quarantine, now } = this.#options;
    const { id, version, phase } = job;
    // A deleted file would lose the mark that the job is being submitted, and the job could be submitted twice.
    if (phase === 'submitting') files.check();
    const saved = { id, version, body: JSON.stringify(job), lease };
    const columns = { ...saved, phase, deadline: forcedEndAt(job) };
    const keepsSchedule = schedule === null && !isFinal(job);
    const { changes } = keepsSchedule
      ? this.#statements.saveAndKeep.run(columns)
      : this.#statements.saveAndRelease.run({
          ...columns,
          due: isFinal(job) ? null : (schedule?.runAt ?? null),
          faults: schedule?.failureCount ?? 0,
          seen: schedule?.lastPolledAt ?? null,
          notes: encodeNotes(schedule?.notes) || null,
          purge: isFinal(job) ? this.#purgeAt(job) : null,
          uncharged: isUncharged(job) ? 1 : 0,
        });
    if (Number(changes) === 0) {
      const row = this.#statements.isStored.get(saved);
      const other = row?.['stored'] === 1 ? 'saved' : 'superseded';
      return { outcome: row === undefined ? 'missing' : other, isNew: false };
    }
    const wasUnreadable = quarantine.release(id);
    if (wasUnreadable && keepsSchedule) this.#statements.reschedule.run({ id, now: now() });
    if (!keepsSchedule) this.#statements.endLeases.run({ id });
    else if (leaseUntil !== undefined) leases.extend(id, lease, leaseUntil);
    if (videoData !== undefined) this.#statements.putVideoData.run({ id, base64: videoData });
    if (addsFileTask === true) this.#statements.addFileTask.run({ id, runAt: now() });
    for (const { id: delivery, url } of deliveries)
      this.#statements.addDelivery.run({ id: delivery, job: id, url, now: now() });
    return { outcome: 'saved', isNew: true };
  }

  /** Runs within a transaction. */
  #delete({ id, ownerId: owner }: Job): RemoveOutcome {
    const row = this.#statements.getPhase.get({ id, owner });
    if (row === undefined) return 'missing';
    if (row['phase'] !== 'completed' && row['phase'] !== 'failed') return 'unfinished';
    deleteJob(this.#statements, id, this.#options.now());
    return 'removed';
  }

  /** A job stays while its idempotency key is valid, or the key could create it twice, and while it counts towards the daily limits. */
  #purgeAt(job: Job): number {
    const { now, retentionMs } = this.#options;
    return Math.max(now() + retentionMs, job.createdAt + Math.max(IDEMPOTENCY_MS, DAY_MS));
  }

  #readJob(id: string): Job | null {
    const { quarantine, cache } = this.#options;
    const select = () => {
      const row = this.#statements.getReadableJob.get(id);
      return row === undefined ? [] : [row];
    };
    const [job] = quarantine.readAll(select, readJob);
    if (job === undefined) return null;
    cache.set(id, job);
    return job;
  }
}

/** The job of an idempotency key that was used before. */
function readEarlier(row: Row, fingerprint: string): CreateOutcome | UnreadableJob {
  if (row['id'] === null) return { type: 'removed' };
  try {
    return { type: row['fingerprint'] === fingerprint ? 'duplicate' : 'conflict', job: readJob(row) };
  } catch (error) {
    return { type: 'unreadable', id: String(row['id']), error };
  }
}
