import { ReelgateError } from '../errors.ts';
import type { GraphQLErrorLike } from './connection.ts';

/** Codes of faults that pass. */
const TEMPORARY =
  /^(UNREACHABLE|(STORE|AUTH)_UNAVAILABLE|SERVICE_RESTART|INTERNAL_SERVER_ERROR|SLOW_SUBSCRIBER|TOO_MANY_.*)$/;

/** Whether a repetition may succeed. */
export function isTemporary(reason: unknown): reason is ReelgateError {
  return reason instanceof ReelgateError && TEMPORARY.test(reason.code);
}

/** The first error of a GraphQL result as a ReelgateError. */
export function errorOf([error]: readonly GraphQLErrorLike[] = []): ReelgateError {
  const { code = 'UNKNOWN', retryAfterSeconds } = error?.extensions ?? {};
  return new ReelgateError(code, error?.message ?? 'The gateway sent no result.', {
    cause: error,
    retryAfterSeconds,
  });
}
