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

/** One that makes no sense. */
export function badRequest(message: string): GraphQLError {
  return refusal(400, 'BAD_REQUEST', message);
}
