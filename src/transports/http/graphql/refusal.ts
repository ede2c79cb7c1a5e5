import { GraphQLError } from 'graphql';

/** A request that is refused before anything of it is run, with this HTTP status. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status, headers } } });
}

/** One whose body comes too slowly. The rest of it is not waited for. */
export function tooSlow(): GraphQLError {
  const message =
    'The body made no progress for 20 seconds, or arrived at less than 16 KiB a second. Send it again over a better connection.';
  return refusal(408, 'REQUEST_TIMEOUT', message, { connection: 'close' });
}

/** One that makes no sense. */
export function badRequest(message: string): GraphQLError {
  return refusal(400, 'BAD_REQUEST', message);
}
