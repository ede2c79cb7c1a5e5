import { z } from 'zod';
import { unknownIdReply } from '../faults/fault-injector.ts';
import type { HistoryFault } from '../faults/fault.ts';
import { faultNamed } from '../faults/faults.ts';
import { jsonReply, errorReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { rowsOf, teammateId } from './history-rows.ts';
import type { HistoryRow } from './history-rows.ts';

export interface HistoryApiOptions {
  readonly jobs: Jobs;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Delay in ms between a submission and its appearance here. */
  readonly lagMs: number;
}

/** The request history [SDK 1.3.0]: all requests whose record is stored, including those whose result has expired. */
export class HistoryApi {
  readonly #options: HistoryApiOptions;

  constructor(options: HistoryApiOptions) {
    this.#options = options;
  }

  /** `GET /inference-request/request-history`. The name of the list and the shape of the pagination are [unknown]. */
  list(parameters: URLSearchParams, origin: string): Reply {
    const read = readHistoryQuery(parameters, this.#options.clock());
    if ('error' in read) return errorReply(400, read.error);
    const { query } = read;
    const rows: HistoryRow[] = [];
    for (const job of this.#options.jobs.records()) {
      rows.push(...this.#visibleRows(job, origin).filter((row) => matches(row, query)));
    }
    const start = (query.page - 1) * query.per_page;
    return jsonReply(200, {
      data: sorted(rows, query).slice(start, start + query.per_page),
      page: query.page,
      per_page: query.per_page,
      total: rows.length,
      total_pages: Math.ceil(rows.length / query.per_page),
    });
  }

  /** `GET /inference-request/request-history/{id}`: a request of any age; only requests of the same key. */
  byId(id: string, origin: string): Reply {
    const { jobs } = this.#options;
    const teammates = jobs.record(teammateId(id));
    if (teammates !== null && historyFaultOf(teammates) === 'teammate') {
      return errorReply(403, 'Insufficient permissions');
    }
    const job = jobs.record(id);
    if (job === null) return unknownIdReply(id);
    if (historyFaultOf(job) === 'broken-by-id') return errorReply(500, 'Internal server error');
    const row = this.#visibleRows(job, origin).find(({ request_id }) => request_id === id);
    return row === undefined ? unknownIdReply(id) : jsonReply(200, row);
  }

  #visibleRows(job: Job, origin: string): readonly HistoryRow[] {
    const now = this.#options.clock();
    return rowsOf(job, now, origin).filter((row) => now >= createdAt(row) + this.#options.lagMs);
  }
}

function historyFaultOf(job: Job): HistoryFault | undefined {
  return faultNamed(job.fault)?.history;
}

function createdAt(row: HistoryRow): number {
  return Date.parse(row.model_created);
}

function matches(row: HistoryRow, { from, to, model_name, status }: HistoryQuery): boolean {
  const at = createdAt(row);
  if (at < from || at >= to) return false;
  return row.model_name.includes(model_name) && (status === undefined || row.model_status === status);
}

function sorted(rows: readonly HistoryRow[], { sort_by, sort_order }: HistoryQuery): readonly HistoryRow[] {
  const keyed = rows.map((row) => ({
    row,
    key: sort_by === 'model_created' ? createdAt(row) : (row[sort_by] ?? 0),
  }));
  const direction = sort_order === 'asc' ? 1 : -1;
  return keyed.toSorted((one, other) => direction * (one.key - other.key)).map(({ row }) => row);
}

const DAY_MS = 24 * 3_600_000;
const MAX_DAYS = 31;
const DEFAULT_DAYS = 7;

const number = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const date = z.iso.date('must be a date, YYYY-MM-DD').optional();

/** Names, ranges and defaults: [SDK 1.3.0]. Which fields can be sorted by, besides `model_created`, is [unknown]. */
const querySchema = z.object({
  page: number.pipe(z.number().min(1, 'must be 1 or more')).default(1),
  per_page: number.pipe(z.number().min(1, 'must be 1 to 100').max(100, 'must be 1 to 100')).default(20),
  from_date: date,
  to_date: date,
  model_name: z.string().default(''),
  status: z.enum(['COMPLETED', 'FAILED', 'PENDING'], 'must be COMPLETED, FAILED or PENDING').optional(),
  sort_by: z
    .enum(
      ['model_created', 'latency_ms', 'credits_deduction'],
      'must be model_created, latency_ms or credits_deduction',
    )
    .default('model_created'),
  sort_order: z.enum(['asc', 'desc'], 'must be asc or desc').default('desc'),
});

/** The filter, order and page of a list request. */
type HistoryQuery = Omit<z.infer<typeof querySchema>, 'from_date' | 'to_date'> & {
  /** Epoch ms: start of the first day, inclusive, and end of the last day, exclusive. Days are UTC. */
  readonly from: number;
  readonly to: number;
};

/** @returns the query, or an error that names every invalid parameter. Unknown parameters are ignored. */
function readHistoryQuery(
  parameters: URLSearchParams,
  now: number,
): { query: HistoryQuery } | { error: string } {
  const parsed = querySchema.safeParse(Object.fromEntries(parameters));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { error: `Invalid query: ${issues.join('; ')}` };
  }
  const { from_date, to_date, ...rest } = parsed.data;
  const lastDay = to_date === undefined ? now - (now % DAY_MS) : Date.parse(to_date);
  const from = from_date === undefined ? lastDay - DEFAULT_DAYS * DAY_MS : Date.parse(from_date);
  if (from > lastDay) return { error: 'Invalid query: from_date is after to_date' };
  if (lastDay - from > MAX_DAYS * DAY_MS) {
    return { error: `Invalid query: from_date is more than ${MAX_DAYS} days before to_date` };
  }
  return { query: { ...rest, from, to: lastDay + DAY_MS } };
}
