import type { FetchAPI } from 'graphql-yoga';
import { refusal } from '../../../graphql/errors.ts';
import { formatErrors } from '../../../operations/results.ts';
import { regularMediaType } from './media-type.ts';

/** Clients batch about ten operations. More than this many get one error for all of them. */
const MAX_ERRORS = 100;

/** Whether a body is several operations. */
export function isBatch(body: object): body is readonly object[] {
  return Array.isArray(body) && body.length > 0 && body.every(isOperation);
}

function isOperation(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why several operations in one request are refused. */
export function batchingNotSupported() {
  return refusal(
    400,
    'BATCHING_NOT_SUPPORTED',
    'Batching is not supported: send each operation as a request of its own (in Apollo Client, use HttpLink instead of BatchHttpLink).',
  );
}

/**
 * Refuses a batch. Clients that batch expect a result for each operation, and read none in plain JSON with another status than 200.
 *
 * @param accept the Accept header
 */
export function refuseBatch(
  batch: readonly object[],
  accept: string | null,
  { Response }: Pick<FetchAPI, 'Response'>,
): Response {
  const result = { errors: formatErrors([batchingNotSupported()]) };
  const mediaType = regularMediaType(accept ?? undefined) ?? 'application/json';
  const isForEach = batch.length <= MAX_ERRORS;
  return Response.json(isForEach ? batch.map(() => result) : result, {
    status: isForEach && mediaType === 'application/json' ? 200 : 400,
    headers: { 'content-type': `${mediaType}; charset=utf-8` },
  });
}
