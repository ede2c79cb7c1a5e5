import { ReelgateError } from '../errors.ts';
import type { GraphQLErrorLike } from './connection.ts';

/** Codes of faults that pass. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'STORE_UNAVAILABLE',
  'AUTH_UNAVAILABLE',
  'SERVICE_RESTART',
  'INTERNAL_SERVER_ERROR',
  'SLOW_SUBSCRIBER',
]);

/** Whether a repetition may succeed. */
export function isTemporary(reason: unknown): reason is ReelgateError {
  return (
    reason instanceof ReelgateError && (TEMPORARY.has(reason.code) || reason.code.startsWith('TOO_MANY_'))
  );
}

/** The first error of a GraphQL result as a ReelgateError. */
export function errorOf([error]: readonly GraphQLErrorLike[] = []): ReelgateError {
  const { code, retryAfterSeconds } = error?.extensions ?? {};
  return new ReelgateError(
    typeof code === 'string' ? code : 'UNKNOWN',
    error?.message ?? 'The gateway sent no result.',
    { cause: error, ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}) },
  );
}

/** Whether the token is missing, not valid, or has expired. */
export function isUnauthenticated(errors: readonly GraphQLErrorLike[] = []): boolean {
  return errors.some((error) => error.extensions?.['code'] === 'UNAUTHENTICATED');
}
