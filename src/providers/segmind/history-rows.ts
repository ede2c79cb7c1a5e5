import type { HistoryEntry } from '../video-upstream.ts';
import { errorMessage, readId } from './answers/answer.ts';
import { normalizeWord, stageOf } from './answers/job-answer.ts';
import { isObject, type JsonObject, readNumber } from './answers/json.ts';
import { findUrlVideo } from './answers/video.ts';
import { HISTORY_LIST_FIELDS, HISTORY_TIME_FIELDS, MODEL } from './facts.ts';
import { parseTime } from './http/times.ts';

/** One row of the request history. A request with several outputs has several rows [SDK]. */
export interface HistoryRow extends HistoryEntry {
  /** The inputs as they were sent: an object, or its JSON as a text. */
  readonly inputs: unknown;
  /** False: the row names another model. */
  readonly isOurModel: boolean;
}

/** The list in a page of the history; null when there is none. */
export function findRows(answer: unknown): readonly unknown[] | null {
  if (Array.isArray(answer)) return answer;
  if (!isObject(answer)) return null;
  const inner = HISTORY_LIST_FIELDS.map((name) => answer[name]);
  const lists = [
    ...inner,
    ...inner.filter(isObject).flatMap((object) => HISTORY_LIST_FIELDS.map((name) => object[name])),
  ].filter((value) => Array.isArray(value));
  return lists.find((list) => list.length > 0) ?? lists[0] ?? null;
}

/** @returns null for a row without a readable id */
export function readRow(row: unknown, clockOffsetMs: number): HistoryRow | null {
  if (!isObject(row)) return null;
  const upstreamId = readId(row['request_id'] ?? row['requestId'] ?? row['id']);
  if (upstreamId === null) return null;
  const createdAt = HISTORY_TIME_FIELDS.map((name) => parseTime(row[name])).find((time) => time !== null);
  const video = findUrlVideo(row['generation_url']);
  const message = errorMessage({ error: row['error'] });
  return {
    upstreamId,
    createdAt: createdAt === undefined ? null : createdAt + clockOffsetMs,
    state: readState(row) ?? (video !== null ? 'completed' : message !== null ? 'failed' : 'pending'),
    video,
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

/** The history matches models by a part of their names [SDK], so it may return `…-480p-fast` too. */
function isOurModel(name: unknown): boolean {
  return typeof name !== 'string' || name.trim().toLowerCase().split('/').at(-1) === MODEL;
}

/** Merges the rows of one request into one entry. */
export function mergeRows(rows: readonly [HistoryRow, ...HistoryRow[]]): HistoryEntry {
  const [{ upstreamId }] = rows;
  const times = rows.map((row) => row.createdAt).filter((time) => time !== null);
  const costs = rows.map((row) => row.costUsd).filter((cost) => cost !== null);
  const has = (state: HistoryEntry['state']): boolean => rows.some((row) => row.state === state);
  return {
    upstreamId,
    createdAt: times.length === 0 ? null : Math.min(...times),
    // A finished video outweighs another output that failed or is not finished.
    state: has('completed') ? 'completed' : has('pending') ? 'pending' : 'failed',
    video: rows.find((row) => row.video !== null)?.video ?? null,
    message: rows.find((row) => row.message !== null)?.message ?? null,
    // It is unknown whether each row has the whole cost.
    costUsd: costs.length === 0 ? null : Math.max(...costs),
  };
}
