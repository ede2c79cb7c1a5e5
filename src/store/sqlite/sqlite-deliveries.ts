import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { readStoredJob } from '../../domain/job/job.ts';
import { MAX_COUNTED } from '../backlog.ts';
import {
  type Delivery,
  type DeliveryQuery,
  type DeliveryResult,
  type LeasedDelivery,
  type SettledDelivery,
  UNREADABLE_PAUSE_MS,
  type WebhookDeliveries,
} from '../webhook-deliveries.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';
import { Leases } from './database/leases.ts';
import type { Row } from './database/rows.ts';
import type { Quarantine } from './quarantine.ts';

/** Deliveries with the bodies of their jobs. No column has the name of another one, by which a query would be sorted without its index. */
const SELECT = `
  SELECT
    webhook_deliveries.id, job_id, url, attempts, last_status, last_error, CAST(next_attempt_at AS REAL) AS next,
    CAST(delivered_at AS REAL) AS delivered, CAST(resent_at AS REAL) AS resent, coalesce(job, body) AS job_body
  FROM webhook_deliveries LEFT JOIN jobs ON jobs.id = job_id`;

/** The webhook deliveries, in a table of the embedded store. As for jobs, leases are kept in memory only. */
export class SqliteDeliveries implements WebhookDeliveries {
  readonly #commits: GroupCommit;
  readonly #quarantine: Quarantine;
  readonly #leases: Leases;
  readonly #findDue: StatementSync;
  readonly #settle: StatementSync;
  readonly #forget: StatementSync;
  readonly #postpone: StatementSync;
  readonly #get: StatementSync;
  readonly #ofJob: StatementSync;
  readonly #makeDue: StatementSync;
  readonly #failing: StatementSync;
  readonly #countWaiting: StatementSync;
  readonly #nextDue: StatementSync;

  /**
   * @param database the database of the job store, with its tables in memory
   * @param commits those of the job store
   * @param quarantine that of the job store
   */
  constructor(database: DatabaseSync, commits: GroupCommit, quarantine: Quarantine) {
    this.#commits = commits;
    this.#quarantine = quarantine;
    this.#leases = new Leases(database, commits, 'delivery_leases');
    this.#findDue = database.prepare(`
      ${SELECT}
      WHERE next_attempt_at <= :now AND webhook_deliveries.id NOT IN (SELECT id FROM delivery_leases WHERE until > :now)
      ORDER BY next_attempt_at LIMIT :limit`);
    // Keeps what `makeDue` stored during the attempt.
    this.#settle = database.prepare(`
      UPDATE webhook_deliveries SET
        last_status = :lastStatus, last_error = :lastError, delivered_at = :deliveredAt,
        attempts = iif(resent_at IS :resentAt, :attempts, attempts),
        next_attempt_at = iif(resent_at IS :resentAt, :nextAttemptAt, next_attempt_at)
      WHERE id = :id
      RETURNING CAST(next_attempt_at AS REAL) AS next`);
    this.#forget = database.prepare(`
      DELETE FROM webhook_deliveries WHERE id = :id AND job IS NOT NULL AND next_attempt_at IS NULL`);
    this.#postpone = database.prepare('UPDATE webhook_deliveries SET next_attempt_at = :next WHERE id = :id');
    this.#get = database.prepare(`${SELECT} WHERE webhook_deliveries.id = :id`);
    this.#ofJob = database.prepare(`${SELECT} WHERE job_id = :id ORDER BY webhook_deliveries.id`);
    this.#makeDue = database.prepare(
      'UPDATE webhook_deliveries SET attempts = 0, next_attempt_at = :now, resent_at = :now WHERE id = :id',
    );
    this.#failing = database.prepare(`
      ${SELECT} WHERE last_error IS NOT NULL AND delivered_at IS NULL ORDER BY job_id DESC LIMIT :limit`);
    this.#countWaiting = database.prepare(`
      SELECT count(*) AS count FROM (
        SELECT 1 FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL LIMIT ${MAX_COUNTED})`);
    this.#nextDue = database.prepare(`
      SELECT CAST(next_attempt_at AS REAL) AS due FROM webhook_deliveries
      WHERE next_attempt_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM delivery_leases WHERE delivery_leases.id = webhook_deliveries.id)
      ORDER BY next_attempt_at LIMIT 1`);
  }

  async lease({ now, limit, leaseUntil }: DeliveryQuery): Promise<LeasedDelivery[]> {
    const rows = attempt(() =>
      this.#findDue.all({ now, limit }).map((row) => {
        return { row, leaseId: this.#leases.begin(String(row['id']), leaseUntil) };
      }),
    );
    const leased: LeasedDelivery[] = [];
    const unreadable: Promise<unknown>[] = [];
    for (const { row, leaseId } of rows) {
      try {
        leased.push({ ...read(row), leaseId });
      } catch (error) {
        this.#quarantine.add(String(row['job_id']), error);
        const change = { id: String(row['id']), next: now + UNREADABLE_PAUSE_MS };
        unreadable.push(this.#leases.end(change.id, leaseId, () => this.#postpone.run(change)));
      }
    }
    await Promise.all(unreadable);
    return leased;
  }

  settle(
    { id, leaseId, resentAt }: LeasedDelivery,
    { attempts, lastStatus, lastError, nextAttemptAt, deliveredAt }: DeliveryResult,
  ): Promise<SettledDelivery | null> {
    const result = { attempts, lastStatus, lastError, nextAttemptAt, deliveredAt };
    return this.#leases.end(id, leaseId, () => {
      const row = this.#settle.get({ id, resentAt, ...result });
      this.#forget.run({ id });
      return { nextAttemptAt: numberOrNull(row?.['next']) };
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

  async countWaiting(): Promise<number> {
    return attempt(() => Number(this.#countWaiting.get()?.['count']));
  }

  async nextDueAt(): Promise<number | null> {
    return attempt(() => this.#leases.nextDueAt(this.#nextDue.get()?.['due']));
  }
}

/** Leaves out deliveries whose job cannot be read, which `lease` reports. */
function readable(rows: readonly Row[]): Delivery[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch {
      return [];
    }
  });
}

/** @throws Error when the job cannot be read */
function read(row: Row): Delivery {
  return {
    id: String(row['id']),
    jobId: String(row['job_id']),
    url: String(row['url']),
    job: readStoredJob(JSON.parse(String(row['job_body']))),
    attempts: Number(row['attempts']),
    lastStatus: numberOrNull(row['last_status']),
    lastError: typeof row['last_error'] === 'string' ? row['last_error'] : null,
    nextAttemptAt: numberOrNull(row['next']),
    deliveredAt: numberOrNull(row['delivered']),
    resentAt: numberOrNull(row['resent']),
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
