/** What every answer of the GraphQL endpoint has. */
export const GRAPHQL_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  // Caches must not give one origin what was said to another.
  ['vary', 'origin'],
] as const;
