import type { ExecutionResult } from 'graphql';
import { formatResult, type WrittenResult } from './results.ts';

/** Larger results are written in several turns of the event loop. */
const MAX_SMALL_BYTES = 2 * 1024 * 1024;
/** Entries of a list that are written in one turn. A job with every field has up to 50 kB. */
const ENTRIES_PER_TURN = 50;

/** @param bytes the reserved size */
export function isLargeResult(bytes: number): boolean {
  return bytes > MAX_SMALL_BYTES;
}

/** Writes a result as JSON, its lists in parts, each in a turn of the event loop, so that other requests are served between them. */
export async function writeInTurns(
  result: ExecutionResult,
  nextTurn: () => Promise<void>,
): Promise<WrittenResult> {
  const { data, ...others } = formatResult(result);
  const parts = [data == null ? '{"data":null' : `{"data":${await objectInTurns(data, nextTurn)}`];
  for (const [key, value] of Object.entries(others)) parts.push(`"${key}":${await inTurns(value, nextTurn)}`);
  const text = `${parts.join(',')}}`;
  return { ...result, stringify: () => text };
}

async function objectInTurns(value: object, nextTurn: () => Promise<void>): Promise<string> {
  const parts: string[] = [];
  for (const [key, entry] of Object.entries(value)) {
    parts.push(`${JSON.stringify(key)}:${await inTurns(entry, nextTurn)}`);
  }
  return `{${parts.join(',')}}`;
}

async function inTurns(value: unknown, nextTurn: () => Promise<void>): Promise<string> {
  if (!Array.isArray(value) || value.length <= ENTRIES_PER_TURN) return JSON.stringify(value);
  const parts: string[] = [];
  for (let start = 0; start < value.length; start += ENTRIES_PER_TURN) {
    await nextTurn();
    parts.push(JSON.stringify(value.slice(start, start + ENTRIES_PER_TURN)).slice(1, -1));
  }
  return `[${parts.join(',')}]`;
}
