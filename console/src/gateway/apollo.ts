import { ApolloClient, ApolloLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import type { Client } from 'graphql-ws';
import { mergeJobs } from './job-cache.ts';
import { newestVersionLink } from './newest-version.ts';

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
