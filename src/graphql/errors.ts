import { GraphQLError } from 'graphql';

/** For an argument that its type allows and the field does not. */
export function badInput(message: string): GraphQLError {
  return coded('BAD_USER_INPUT', message);
}

/** For a job that is unknown or somebody else's: the same, so that nobody can tell. */
export function noSuchJob(): GraphQLError {
  return coded('NOT_FOUND', 'There is no such video job.');
}

/** For whoever may not do this. */
export function forbidden(message: string): GraphQLError {
  return coded('FORBIDDEN', message);
}

/** For whoever calls a field too often; says when to come back, in at least a second. */
export function rateLimited(field: string, waitMs: number): GraphQLError {
  return coded(
    'RATE_LIMITED',
    `You have called ${field} as often as one owner may in a minute. Try again later.`,
    retryAfter(waitMs),
  );
}

/**
 * For an image that the upstream did not take.
 *
 * @param waitMs how long it asked to wait; null when it did not say
 */
export function uploadFailed(waitMs: number | null): GraphQLError {
  const message = 'The upstream did not take the image. Nothing was charged. Try again in a moment.';
  return coded('UPLOAD_FAILED', message, waitMs === null ? {} : retryAfter(waitMs));
}

/** For an entity of a list for which the answer has no room. */
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
