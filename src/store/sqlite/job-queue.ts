import type { Job } from '../../domain/job/job.ts';
import { encodeNotes } from '../../domain/job/poll-notes.ts';
import {
  type DueJob,
  type DueQuery,
  type JobQueue,
  type LeasedJob,
  type LeaseQuery,
  MAX_CANDIDATES,
  type Schedule,
  type WaitingJob,
} from '../job-store.ts';
import { roundRobin } from '../round-robin.ts';
import { attempt } from './database/group-commit.ts';
import type { Leases } from './database/leases.ts';
import { readDueJob, readJob, type Row } from './database/rows.ts';
import type { Statements } from './database/statements.ts';
import type { Quarantine } from './quarantine.ts';

/** Parameters of the statements that find due jobs. */
interface DueParameters {
  readonly now: number;
  /** Ids as JSON. */
  readonly except: string;
  readonly [name: string]: string | number;
}

/** The queue of due jobs. Leases are kept in memory only. */
export class SqliteJobQueue implements JobQueue {
  readonly #statements: Statements;
  readonly #leases: Leases;
  readonly #quarantine: Quarantine;

  constructor(statements: Statements, leases: Leases, quarantine: Quarantine) {
    this.#statements = statements;
    this.#leases = leases;
    this.#quarantine = quarantine;
  }

  async findCandidates(query: DueQuery): Promise<DueJob[] | null> {
    const { now, limit, callLimit } = query;
    const due = { now, except: JSON.stringify(query.except) };
    return attempt(() => {
      const expired = this.#statements.findExpired.all({ ...due, limit }).length;
      const room = Math.min(limit - expired, callLimit);
      if (room <= 0) return null;
      const count = this.#statements.countDue.get({ ...due, limit: room + 1 })?.['count'];
      return Number(count) > room ? this.#chooseCandidates(due) : null;
    });
  }

  async leaseDue(query: LeaseQuery): Promise<LeasedJob[]> {
    const { now, leaseUntil, limit, callLimit, preferred } = query;
    const due = { now, except: JSON.stringify(query.except) };
    return attempt(() => {
      const expired = this.#read(() => this.#statements.findExpired.all({ ...due, limit }));
      const room = Math.min(limit - expired.length, callLimit);
      const inTime = room > 0 ? this.#findDue(due, room, preferred) : [];
      return [...expired, ...inTime].map(({ job, failureCount, lastPolledAt, notes }) => {
        const leaseId = this.#leases.begin(job.id, leaseUntil);
        return { job, failureCount, lastPolledAt, notes, leaseId };
      });
    });
  }

  async findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]> {
    const select = () => this.#statements.findWaiting.all({ before: dueBefore, limit });
    return attempt(() => {
      let ahead = 0;
      let from = Number.MIN_SAFE_INTEGER;
      return this.#quarantine.readAll(select, readWaiting).map(({ job, due }) => {
        ahead += Number(this.#statements.countAccepted.get({ from, before: due })?.['count']);
        from = due;
        return { job, ahead };
      });
    });
  }

  async release(
    { job: { id }, leaseId }: LeasedJob,
    { runAt, failureCount, lastPolledAt, notes }: Schedule,
  ): Promise<void> {
    const columns = {
      id,
      due: runAt,
      faults: failureCount,
      seen: lastPolledAt,
      notes: encodeNotes(notes) || null,
    };
    await this.#leases.end(id, leaseId, () => this.#statements.release.run(columns));
  }

  async nextDueAt(): Promise<number | null> {
    return attempt(() => this.#leases.nextDueAt(this.#statements.nextDue.get()?.['due']));
  }

  #findDue(due: DueParameters, limit: number, preferred: readonly string[] | null): readonly DueJob[] {
    if (preferred === null) return this.#read(() => this.#statements.findDue.all({ ...due, limit }));
    const ids = JSON.stringify(preferred);
    const found = this.#read(() => this.#statements.findPreferred.all({ ...due, ids }));
    const byId = new Map(found.map((dueJob) => [dueJob.job.id, dueJob]));
    return preferred.flatMap((id) => byId.get(id) ?? []).slice(0, limit);
  }

  /** Chooses round-robin from the longest due jobs of each owner and priority. */
  #chooseCandidates(due: DueParameters): DueJob[] {
    const longestDueFirst = this.#statements.findGroups.all(due);
    const first = roundRobin(longestDueFirst, (row) => row['owner_and_priority'], MAX_CANDIDATES);
    const rows = JSON.stringify(first.map(({ row }) => Number(row)));
    return this.#read(() => this.#statements.getDueJobs.all({ rows }));
  }

  #read(select: () => Row[]): DueJob[] {
    return this.#quarantine.readAll(select, readDueJob);
  }
}

function readWaiting(row: Row): { readonly job: Job; readonly due: number } {
  return { job: readJob(row), due: Number(row['due']) };
}
