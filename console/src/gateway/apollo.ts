import { ApolloClient, ApolloLink, InMemoryCache, type Reference } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import type { Client } from 'graphql-ws';
import { newestVersionLink } from './newest-version.ts';

/** The list of jobs as the cache keeps it. */
export interface CachedJobs {
  readonly nodes: readonly Reference[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/**
 * Apollo Client over one WebSocket, with a normalised cache. Mutations go that way too: one whose answer was lost with
 * the connection is sent again with the next one, which its idempotency key makes safe.
 */
export function createApolloClient(client: Client): ApolloClient {
  const cache = new InMemoryCache({
    possibleTypes: {
      GenerateVideoResult: [
        'GenerateVideoSuccess',
        'GenerateVideoInvalidInput',
        'GenerateVideoIdempotencyConflict',
        'GenerateVideoCapacityExceeded',
      ],
      GenerateVideoError: [
        'GenerateVideoInvalidInput',
        'GenerateVideoIdempotencyConflict',
        'GenerateVideoCapacityExceeded',
      ],
    },
    typePolicies: {
      Query: { fields: { videoJobs: { keyArgs: false, merge: mergeJobs } } },
    },
  });
  return new ApolloClient({
    cache,
    link: ApolloLink.from([newestVersionLink(cache), new GraphQLWsLink(client)]),
  });
}

/**
 * One list of all pages and of the jobs that came since, newest first. Ids begin with the time of acceptance, so that
 * their order is the list's.
 */
export function mergeJobs(known: CachedJobs | undefined, incoming: CachedJobs): CachedJobs {
  if (known === undefined) return incoming;
  const byId = new Map([...known.nodes, ...incoming.nodes].map((node) => [node.__ref, node]));
  const nodes = [...byId.values()].toSorted((a, b) => (a.__ref < b.__ref ? 1 : -1));
  const oldest = nodes.at(-1)?.__ref;
  // What lies beyond is told by the page that the oldest job was on.
  const { pageInfo } = incoming.nodes.at(-1)?.__ref === oldest ? incoming : known;
  return { nodes, pageInfo };
}
