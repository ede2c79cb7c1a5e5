import { GraphQLError } from 'graphql';

/** An argument has a valid type and an invalid value. */
export function badInput(message: string): GraphQLError {
  return coded('BAD_USER_INPUT', message);
}

/** A job is unknown or belongs to another owner: the same error for both, so that callers cannot tell them apart. */
export function noSuchJob(): GraphQLError {
  return coded('NOT_FOUND', 'There is no such video job.');
}

/** A delivery is unknown or belongs to another owner. */
export function noSuchDelivery(): GraphQLError {
  return coded('NOT_FOUND', 'There is no such webhook delivery.');
}

/** The caller lacks a right. */
export function forbidden(message: string): GraphQLError {
  return coded('FORBIDDEN', message);
}

/** The caller is above a rate limit. The error has the time to wait, at least one second. */
export function rateLimited(field: string, waitMs: number): GraphQLError {
  return coded(
    'RATE_LIMITED',
    `You have reached the limit of calls of ${field} per minute. Try again later.`,
    retryAfter(waitMs),
  );
}

/**
 * The upstream did not accept an image.
 *
 * @param waitMs the wait that the upstream asked for; null: none
 */
export function uploadFailed(waitMs: number | null): GraphQLError {
  const message = 'The upstream did not accept the image. Nothing was charged. Try again in a moment.';
  return coded('UPLOAD_FAILED', message, waitMs === null ? {} : retryAfter(waitMs));
}

/** An entity does not fit into the answer. */
export function tooManyEntities(length: number, max: number): GraphQLError {
  return coded(
    'DOCUMENT_TOO_EXPENSIVE',
    `The answer has room for ${max} of the ${length} representations. Ask for the others in another operation.`,
  );
}

/** An operation or a request is refused before it is executed, with an HTTP status, whatever media type the client accepts. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return coded(code, message, { http: { status, headers } });
}

function retryAfter(waitMs: number): object {
  return { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
}

function coded(code: string, message: string, details: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...details } });
}
