import { randomUUID } from 'node:crypto';
import { type Claim, type ClaimQuery, WORTH_LOOKS, worthMost } from '../job-store.ts';
import { readDueJob } from './rows.ts';
import type { Statements } from './statements.ts';

/**
 * Hands out jobs that are due. Nothing of it goes to the disk: the folder has one process, and what was claimed when
 * that ended is due at once for the next.
 */
export class Claims {
  readonly #statements: Statements;
  /** Sets the names of these leases apart from those of the process that had the folder before. */
  readonly #prefix = randomUUID();
  #count = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** As the port's `claimDue`. */
  claim(query: ClaimQuery): Claim[] {
    const { now, leaseUntil, limit, callLimit } = query;
    const expired = this.#statements.findExpired.all({ now, limit }).map(readDueJob);
    const room = Math.min(limit - expired.length, callLimit);
    const due = room > 0 ? this.#findDue(query, room) : [];
    return [...expired, ...due].map(({ job, faults, seenAt }) => {
      const lease = `${this.#prefix}:${++this.#count}`;
      this.#statements.lease.run({ id: job.id, lease, until: leaseUntil });
      return { job, faults, seenAt, lease };
    });
  }

  /** When the next job is due, or the next lease runs out, in epoch milliseconds; null when neither is there. */
  nextDueAt(): number | null {
    const due = this.#statements.nextDue.get()?.['due'];
    const leased = this.#statements.nextLeaseEnd.get()?.['until'];
    const times = [due, leased].filter((time) => typeof time === 'number');
    return times.length === 0 ? null : Math.min(...times);
  }

  #findDue({ now, worth }: ClaimQuery, room: number): Omit<Claim, 'lease'>[] {
    if (worth === null) return this.#statements.findDue.all({ now, limit: room }).map(readDueJob);
    const looks = { now, limit: WORTH_LOOKS };
    const rows = [...this.#statements.findUrgent.all(looks), ...this.#statements.findDue.all(looks)];
    const found = new Map(rows.map(readDueJob).map((due) => [due.job.id, due]));
    return worthMost([...found.values()], worth).slice(0, room);
  }
}
