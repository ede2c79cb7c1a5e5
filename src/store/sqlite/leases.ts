import { randomUUID } from 'node:crypto';
import { type LeasedJob, type LeaseQuery, type DueJob, MAX_CANDIDATES } from '../job-store.ts';
import type { Quarantine } from './quarantine.ts';
import { readDueJob, type Row } from './rows.ts';
import type { Statements } from './statements.ts';

/**
 * Leases due jobs. Leases are kept in memory only: one process uses the folder, and a job that was leased when the process ended is due
 * at once for the next one.
 */
export class Leases {
  readonly #statements: Statements;
  readonly #quarantine: Quarantine;
  /** Sets the ids of these leases apart from those of the process that used the folder before. */
  readonly #prefix = randomUUID();
  #count = 0;

  constructor(statements: Statements, quarantine: Quarantine) {
    this.#statements = statements;
    this.#quarantine = quarantine;
  }

  /** As the port's `leaseDue`. */
  lease(query: LeaseQuery): LeasedJob[] {
    const { now, leaseUntil, limit, callLimit, preferred } = query;
    const asked = { now, except: JSON.stringify(query.except) };
    const expired = this.#read(() => this.#statements.findExpired.all({ ...asked, limit }));
    const room = Math.min(limit - expired.length, callLimit);
    const due = room > 0 ? this.#findDue(asked, room, preferred) : [];
    return [...expired, ...due].map(({ job, failureCount, lastPolledAt, notes }) => {
      const leaseId = `${this.#prefix}:${++this.#count}`;
      this.#statements.lease.run({ id: job.id, lease: leaseId, until: leaseUntil });
      return { job, failureCount, lastPolledAt, notes, leaseId };
    });
  }

  /** As the port's `findCandidates`. */
  findCandidates({
    now,
    limit,
    callLimit,
    except,
  }: Omit<LeaseQuery, 'leaseUntil' | 'preferred'>): DueJob[] | null {
    const asked = { now, except: JSON.stringify(except) };
    const expired = this.#statements.findExpired.all({ ...asked, limit }).length;
    const room = Math.min(limit - expired, callLimit);
    return room > 0 && this.#isMoreDue(asked, room) ? this.#findCandidates(asked) : null;
  }

  /** When the next job is due, or the next lease runs out, in epoch milliseconds; null when neither is there. */
  nextDueAt(): number | null {
    const due = this.#statements.nextDue.get()?.['due'];
    const leased = this.#statements.nextLeaseEnd.get()?.['until'];
    const times = [due, leased].filter((time) => typeof time === 'number');
    return times.length === 0 ? null : Math.min(...times);
  }

  #findDue(
    asked: { readonly now: number; readonly except: string },
    room: number,
    preferred: readonly string[] | null,
  ): readonly DueJob[] {
    if (preferred === null) {
      return this.#read(() => this.#statements.findDue.all({ ...asked, limit: room }));
    }
    const ids = JSON.stringify(preferred);
    const found = this.#read(() => this.#statements.findPreferred.all({ ...asked, ids }));
    const byId = new Map(found.map((due) => [due.job.id, due]));
    return preferred.flatMap((id) => byId.get(id) ?? []).slice(0, room);
  }

  /** Takes the longest due of each owner and priority in turn. */
  #findCandidates(asked: { readonly now: number; readonly except: string }): DueJob[] {
    const counts = new Map<unknown, number>();
    const turns = this.#statements.findGroups.all(asked).map(({ row, owner_and_priority: group }) => {
      const turn = counts.get(group) ?? 0;
      counts.set(group, turn + 1);
      return { row: Number(row), turn };
    });
    const first = turns.toSorted((a, b) => a.turn - b.turn).slice(0, MAX_CANDIDATES);
    const rows = JSON.stringify(first.map(({ row }) => row));
    return this.#read(() => this.#statements.getDueJobs.all({ rows }));
  }

  #isMoreDue(asked: { readonly now: number; readonly except: string }, room: number): boolean {
    return Number(this.#statements.countDue.get({ ...asked, limit: room + 1 })?.['count']) > room;
  }

  #read(select: () => Row[]): DueJob[] {
    return this.#quarantine.readAll(select, readDueJob);
  }
}
