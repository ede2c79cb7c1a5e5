import type { HistoryEntry } from '../../video-upstream.ts';
import { readId } from '../answers/answer.ts';
import { errorMessage } from '../answers/error-text.ts';
import { isObject, type JsonObject, readNumber } from '../answers/json.ts';
import { normalizeWord, stageOf } from '../answers/status-word.ts';
import { findVideoUrl } from '../answers/video.ts';
import { parseTime } from '../http/times.ts';
import { MODEL } from '../facts.ts';

/** One row of the request history. A request with several outputs has several rows [SDK]. */
export interface HistoryRow extends HistoryEntry {
  /** The inputs as they were sent: an object, or its JSON as a text. */
  readonly inputs: unknown;
  /** False: the row names another model. */
  readonly isOurModel: boolean;
}

/** The name of the list is unknown: these are tried, at the top and one level below. */
const LISTS = ['data', 'results', 'items', 'requests', 'history', 'rows'] as const;
/** The name of the time of creation is unknown; `model_created` is what the rows are sorted by [SDK]. */
const TIMES = [
  'model_created',
  'created_at',
  'createdAt',
  'created',
  'request_created',
  'request_time',
  'requested_at',
  'timestamp',
  'started_at',
  'date',
] as const;

/** The list in a page of the history; null when there is none. */
export function findRows(answer: unknown): readonly unknown[] | null {
  if (Array.isArray(answer)) return answer;
  if (!isObject(answer)) return null;
  const inner = LISTS.map((name) => answer[name]);
  const lists = [
    ...inner,
    ...inner.filter(isObject).flatMap((object) => LISTS.map((name) => object[name])),
  ].filter((value) => Array.isArray(value));
  return lists.find((list) => list.length > 0) ?? lists[0] ?? null;
}

/** @returns null for a row without a readable id */
export function readRow(row: unknown, clockOffsetMs: number): HistoryRow | null {
  if (!isObject(row)) return null;
  const upstreamId = readId(row['request_id'] ?? row['requestId'] ?? row['id']);
  if (upstreamId === null) return null;
  const createdAt = TIMES.map((name) => parseTime(row[name])).find((time) => time !== null);
  const videoUrl = findVideoUrl(row['generation_url']);
  const message = errorMessage({ error: row['error'] });
  return {
    upstreamId,
    createdAt: createdAt === undefined ? null : createdAt + clockOffsetMs,
    state: readState(row) ?? (videoUrl !== null ? 'completed' : message !== null ? 'failed' : 'pending'),
    videoUrl,
    message,
    costUsd: readNumber(row['credits_deduction']),
    inputs: row['request_body'],
    isOurModel: isOurModel(row['model_name']),
  };
}

/** @returns null for a row without a status word */
function readState(row: JsonObject): HistoryEntry['state'] | null {
  const word = normalizeWord(row['model_status'] ?? row['status']);
  if (word === null) return null;
  const stage = stageOf(word, 200);
  if (stage === 'completed') return 'completed';
  return stage === 'failed' || stage === 'ended' ? 'failed' : 'pending';
}

/** The history finds models by a part of their names [SDK], so it may show `…-480p-fast` as well. */
function isOurModel(name: unknown): boolean {
  return typeof name !== 'string' || name.trim().toLowerCase().split('/').at(-1) === MODEL;
}

/** Makes one entry of the rows of one request. */
export function mergeRows(rows: readonly [HistoryRow, ...HistoryRow[]]): HistoryEntry {
  const [{ upstreamId }] = rows;
  const times = rows.map((row) => row.createdAt).filter((time) => time !== null);
  const costs = rows.map((row) => row.costUsd).filter((cost) => cost !== null);
  const has = (state: HistoryEntry['state']): boolean => rows.some((row) => row.state === state);
  return {
    upstreamId,
    createdAt: times.length === 0 ? null : Math.min(...times),
    // A video that is there counts more than another output that failed or is still being made.
    state: has('completed') ? 'completed' : has('pending') ? 'pending' : 'failed',
    videoUrl: rows.find((row) => row.videoUrl !== null)?.videoUrl ?? null,
    message: rows.find((row) => row.message !== null)?.message ?? null,
    // Whether each row shows the whole cost is unknown.
    costUsd: costs.length === 0 ? null : Math.max(...costs),
  };
}
