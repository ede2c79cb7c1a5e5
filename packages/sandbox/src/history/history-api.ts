import type { HistoryFault } from '../faults/fault.ts';
import { unknownId } from '../faults/fault-injector.ts';
import { faultNamed } from '../faults.ts';
import type { Job } from '../job.ts';
import type { Jobs } from '../jobs.ts';
import { json, refusal } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { readHistoryQuery } from './history-query.ts';
import type { HistoryQuery } from './history-query.ts';
import { rowsOf, teammateId } from './history-rows.ts';
import type { HistoryRow } from './history-rows.ts';

/** What {@link HistoryApi} works with. */
export interface HistoryApiOptions {
  readonly jobs: Jobs;
  /** Epoch ms. */
  readonly clock: () => number;
  /** How long after its submission a request appears, in ms. */
  readonly lagMs: number;
}

/** The request history [SDK 1.3.0]: every request whose record is kept, also after its result has expired. */
export class HistoryApi {
  readonly #options: HistoryApiOptions;

  constructor(options: HistoryApiOptions) {
    this.#options = options;
  }

  /** `GET /inference-request/request-history`. The name of the list and the shape of the pagination are [unknown]. */
  list(parameters: URLSearchParams, origin: string): Reply {
    const read = readHistoryQuery(parameters, this.#options.clock());
    if ('error' in read) return refusal(400, read.error);
    const { query } = read;
    const rows: HistoryRow[] = [];
    for (const job of this.#options.jobs.records()) {
      rows.push(...this.#visibleRows(job, origin).filter((row) => matches(row, query)));
    }
    const start = (query.page - 1) * query.per_page;
    return json(200, {
      data: sorted(rows, query).slice(start, start + query.per_page),
      page: query.page,
      per_page: query.per_page,
      total: rows.length,
      total_pages: Math.ceil(rows.length / query.per_page),
    });
  }

  /** `GET /inference-request/request-history/{id}`: a request of any age, of the key's own only. */
  byId(id: string, origin: string): Reply {
    const { jobs } = this.#options;
    const teammates = jobs.record(teammateId(id));
    if (teammates !== null && historyFaultOf(teammates) === 'teammate') {
      return refusal(403, 'Insufficient permissions');
    }
    const job = jobs.record(id);
    if (job === null) return unknownId(id);
    if (historyFaultOf(job) === 'broken-by-id') return refusal(500, 'Internal server error');
    const row = this.#visibleRows(job, origin).find(({ request_id }) => request_id === id);
    return row === undefined ? unknownId(id) : json(200, row);
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
