import { GraphQLError } from 'graphql';

/** The error of an argument that its type allows and the field does not. */
export function badInput(message: string): GraphQLError {
  return coded('BAD_USER_INPUT', message);
}

/** The error of a job that is unknown or belongs to another owner: equal, so that callers cannot tell. */
export function noSuchJob(): GraphQLError {
  return coded('NOT_FOUND', 'There is no such video job.');
}

/** The error of a caller without permission. */
export function forbidden(message: string): GraphQLError {
  return coded('FORBIDDEN', message);
}

/** The error of a caller above a rate limit, with the time to wait, at least one second. */
export function rateLimited(field: string, waitMs: number): GraphQLError {
  return coded(
    'RATE_LIMITED',
    `You have called ${field} as often as one owner may in a minute. Try again later.`,
    retryAfter(waitMs),
  );
}

/**
 * The error of an image that the upstream did not accept.
 *
 * @param waitMs the wait that the upstream asked for; null: none
 */
export function uploadFailed(waitMs: number | null): GraphQLError {
  const message = 'The upstream did not take the image. Nothing was charged. Try again in a moment.';
  return coded('UPLOAD_FAILED', message, waitMs === null ? {} : retryAfter(waitMs));
}

/** The error of an entity that does not fit into the answer. */
export function tooManyEntities(length: number, max: number): GraphQLError {
  return coded(
    'DOCUMENT_TOO_EXPENSIVE',
    `The answer has room for ${max} of the ${length} representations. Ask for the others in another operation.`,
  );
}

function retryAfter(waitMs: number): object {
  return { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
}

function coded(code: string, message: string, details: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...details } });
}
