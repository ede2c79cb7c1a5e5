import type { GraphQLFormattedError } from 'graphql';

/** The `extensions.code` of an error; `UNKNOWN` when it has none. */
export function errorCode(error: GraphQLFormattedError | undefined): string {
  const code: unknown = error?.extensions?.['code'];
  return typeof code === 'string' ? code : 'UNKNOWN';
}
