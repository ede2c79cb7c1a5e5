import type { ExecutionResult } from 'graphql';
import { ENTITIES_PER_TURN } from '../graphql/context.ts';
import { formatResult, type WrittenResult } from './results.ts';

/** Larger results are written in several turns of the event loop. */
const MAX_SMALL_BYTES = 2 * 1024 * 1024;

/** @param bytes the reserved size */
export function isLargeResult(bytes: number): boolean {
  return bytes > MAX_SMALL_BYTES;
}

/**
 * Writes a result as JSON in turns of the event loop, so that other requests are served between them: each field of the operation in
 * its own, and a list in parts of 50 entries. A job with every field has up to 50 kB.
 */
export async function writeInTurns(
  result: ExecutionResult,
  nextTurn: () => Promise<void>,
): Promise<WrittenResult> {
  const inTurns = async (value: unknown): Promise<string> => {
    if (!isObject(value)) return JSON.stringify(value);
    if (!Array.isArray(value)) return nextTurn().then(() => JSON.stringify(value));
    const parts: string[] = [];
    for (let start = 0; start < value.length; start += ENTITIES_PER_TURN) {
      await nextTurn();
      parts.push(JSON.stringify(value.slice(start, start + ENTITIES_PER_TURN)).slice(1, -1));
    }
    return `[${parts.join(',')}]`;
  };
  const text = await writeMembers(formatResult(result), (value, key) =>
    key === 'data' && isObject(value) ? writeMembers(value, inTurns) : inTurns(value),
  );
  return { ...result, stringify: () => text };
}

async function writeMembers(
  object: object,
  write: (value: unknown, key: string) => Promise<string>,
): Promise<string> {
  const members: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    members.push(`${JSON.stringify(key)}:${await write(value, key)}`);
  }
  return `{${members.join(',')}}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
