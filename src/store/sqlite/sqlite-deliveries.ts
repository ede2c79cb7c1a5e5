import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { readStoredJob } from '../../domain/job/job.ts';
import { MAX_COUNTED } from '../backlog.ts';
import type {
  Delivery,
  DeliveryBacklog,
  DeliveryQuery,
  DeliveryResult,
  LeasedDelivery,
  WebhookDeliveries,
} from '../webhook-deliveries.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';
import type { Row } from './database/rows.ts';

/** Deliveries with the bodies of their jobs. */
const SELECT = `
  SELECT
    webhook_deliveries.id, job_id, url, attempts, last_status, last_error, CAST(next_attempt_at AS REAL) AS next_attempt_at,
    CAST(delivered_at AS REAL) AS delivered_at, CAST(resent_at AS REAL) AS resent_at, coalesce(job, body) AS body
  FROM webhook_deliveries LEFT JOIN jobs ON jobs.id = job_id`;

/**
 * The webhook deliveries, in a table of the embedded store. As for jobs, leases are kept in memory only: a delivery that was leased when
 * the process ended is due at once for the next one.
 */
export class SqliteDeliveries implements WebhookDeliveries {
  readonly #commits: GroupCommit;
  /** Sets the ids of these leases apart from those of the process that used the folder before. */
  readonly #prefix = randomUUID();
  #count = 0;
  readonly #findDue: StatementSync;
  readonly #lease: StatementSync;
  readonly #endLease: StatementSync;
  readonly #settle: StatementSync;
  readonly #forget: StatementSync;
  readonly #giveUp: StatementSync;
  readonly #get: StatementSync;
  readonly #ofJob: StatementSync;
  readonly #makeDue: StatementSync;
  readonly #failing: StatementSync;
  readonly #backlog: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #nextLeaseEnd: StatementSync;

  /**
   * @param database the database of the job store, with its tables in memory
   * @param commits those of the job store
   */
  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#findDue = database.prepare(`
      ${SELECT}
      WHERE next_attempt_at <= :now AND webhook_deliveries.id NOT IN (SELECT id FROM delivery_leases WHERE until > :now)
      ORDER BY next_attempt_at LIMIT :limit`);
    this.#lease = database.prepare(
      'INSERT OR REPLACE INTO delivery_leases (id, lease, until) VALUES (:id, :lease, :until)',
    );
    this.#endLease = database.prepare('DELETE FROM delivery_leases WHERE id = :id AND lease = :lease');
    // Keeps what `makeDue` stored during the attempt.
    this.#settle = database.prepare(`
      UPDATE webhook_deliveries SET
        last_status = :lastStatus, last_error = :lastError, delivered_at = :deliveredAt,
        attempts = iif(resent_at IS :resentAt, :attempts, attempts),
        next_attempt_at = iif(resent_at IS :resentAt, :nextAttemptAt, next_attempt_at)
      WHERE id = :id`);
    this.#forget = database.prepare(`
      DELETE FROM webhook_deliveries WHERE id = :id AND job IS NOT NULL AND next_attempt_at IS NULL`);
    this.#giveUp = database.prepare('UPDATE webhook_deliveries SET next_attempt_at = NULL WHERE id = :id');
    this.#get = database.prepare(`${SELECT} WHERE webhook_deliveries.id = :id`);
    this.#ofJob = database.prepare(`${SELECT} WHERE job_id = :id ORDER BY webhook_deliveries.id`);
    this.#makeDue = database.prepare(
      'UPDATE webhook_deliveries SET attempts = 0, next_attempt_at = :now, resent_at = :now WHERE id = :id',
    );
    this.#failing = database.prepare(`
      ${SELECT} WHERE last_error IS NOT NULL AND delivered_at IS NULL ORDER BY job_id DESC LIMIT :limit`);
    this.#backlog = database.prepare(`
      SELECT count(*) AS waiting, CAST(min(next_attempt_at) AS REAL) AS oldest FROM (
        SELECT next_attempt_at FROM webhook_deliveries
        WHERE next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT ${MAX_COUNTED})`);
    this.#nextDue = database.prepare(`
      SELECT CAST(next_attempt_at AS REAL) AS due FROM webhook_deliveries
      WHERE next_attempt_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM delivery_leases WHERE delivery_leases.id = webhook_deliveries.id)
      ORDER BY next_attempt_at LIMIT 1`);
    // The delivery may have been purged meanwhile.
    this.#nextLeaseEnd = database.prepare(`
      SELECT min(until) AS until FROM delivery_leases WHERE id IN (SELECT id FROM webhook_deliveries)`);
  }

  async lease({ now, limit, leaseUntil }: DeliveryQuery): Promise<LeasedDelivery[]> {
    const rows = attempt(() => {
      const due = this.#findDue.all({ now, limit });
      return due.map((row) => {
        const lease = `${this.#prefix}:${++this.#count}`;
        this.#lease.run({ id: String(row['id']), lease, until: leaseUntil });
        return { row, lease };
      });
    });
    const leased: LeasedDelivery[] = [];
    for (const { row, lease } of rows) {
      const delivery = read(row);
      if (delivery !== null) leased.push({ ...delivery, leaseId: lease });
      else await this.#end(String(row['id']), lease, () => this.#giveUp.run({ id: String(row['id']) }));
    }
    return leased;
  }

  settle({ id, leaseId, resentAt }: LeasedDelivery, result: DeliveryResult): Promise<boolean> {
    const { attempts, lastStatus, lastError, nextAttemptAt, deliveredAt } = result;
    return this.#end(id, leaseId, () => {
      this.#settle.run({ id, resentAt, attempts, lastStatus, lastError, nextAttemptAt, deliveredAt });
      this.#forget.run({ id });
    });
  }

  async ofJobs(jobIds: readonly string[]): Promise<Delivery[][]> {
    return attempt(() => jobIds.map((id) => readable(this.#ofJob.all({ id }))));
  }

  async makeDue(id: string, now: number): Promise<Delivery | null> {
    // A leased one is due again when its lease ends.
    await this.#commits.run(() => this.#makeDue.run({ id, now })).catch(unavailable);
    return attempt(() => readable(this.#get.all({ id }))[0] ?? null);
  }

  async findFailing(limit: number): Promise<Delivery[]> {
    return attempt(() => readable(this.#failing.all({ limit })));
  }

  async backlog(): Promise<DeliveryBacklog> {
    return attempt(() => {
      const row = this.#backlog.get();
      return { waiting: Number(row?.['waiting']), oldestDueAt: numberOrNull(row?.['oldest']) };
    });
  }

  async nextDueAt(): Promise<number | null> {
    return attempt(() => {
      const due = this.#nextDue.get()?.['due'];
      const leaseEnd = this.#nextLeaseEnd.get()?.['until'];
      const times = [due, leaseEnd].filter((time) => typeof time === 'number');
      return times.length === 0 ? null : Math.min(...times);
    });
  }

  /** @param change of the delivery, in the transaction that ends its lease */
  #end(id: string, lease: string, change: () => void): Promise<boolean> {
    const end = () => {
      const isHeld = Number(this.#endLease.run({ id, lease }).changes) > 0;
      if (isHeld) change();
      return isHeld;
    };
    return this.#commits.run(end).catch(unavailable);
  }
}

/** Leaves out deliveries whose job cannot be read. */
function readable(rows: readonly Row[]): Delivery[] {
  return rows.map(read).filter((delivery) => delivery !== null);
}

/** @returns null when the job cannot be read */
function read(row: Row): Delivery | null {
  try {
    return {
      id: String(row['id']),
      jobId: String(row['job_id']),
      url: String(row['url']),
      job: readStoredJob(JSON.parse(String(row['body']))),
      attempts: Number(row['attempts']),
      lastStatus: numberOrNull(row['last_status']),
      lastError: typeof row['last_error'] === 'string' ? row['last_error'] : null,
      nextAttemptAt: numberOrNull(row['next_attempt_at']),
      deliveredAt: numberOrNull(row['delivered_at']),
      resentAt: numberOrNull(row['resent_at']),
    };
  } catch {
    return null;
  }
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
