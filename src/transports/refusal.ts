import { GraphQLError } from 'graphql';

/** Creates the error of a request that is refused before it is executed, with its HTTP status. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status, headers } } });
}

/** A body arrives too slowly. The connection is closed. */
export function tooSlow(): GraphQLError {
  const message =
    'The body made no progress for 20 seconds, or arrived at less than 16 KiB a second. Send it again over a better connection.';
  return refusal(408, 'REQUEST_TIMEOUT', message, { connection: 'close' });
}

/** A request is malformed. */
export function badRequest(message: string): GraphQLError {
  return refusal(400, 'BAD_REQUEST', message);
}
