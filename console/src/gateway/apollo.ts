import { type ApolloCache, ApolloClient, ApolloLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import type { VideoJobFieldsFragment } from '@reelgate/client/documents';
import type { Client } from 'graphql-ws';
import { map } from 'rxjs';
import { mergeJobs, readJob } from './job-cache.ts';

/**
 * Apollo Client over one WebSocket, with a normalised cache. Mutations use the WebSocket too: when a connection closes before the
 * response, the client sends the mutation again. Its idempotency key makes that safe.
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
 * Keeps each job in the cache at its newest version. A list that the gateway read before an update can arrive after it. Without
 * this link the job would go back to the old version, permanently if the update was its last.
 */
export function newestVersionLink(cache: ApolloCache): ApolloLink {
  return new ApolloLink((operation, forward) =>
    forward(operation).pipe(
      map((result) => (result.data == null ? result : { ...result, data: newest(cache, result.data) })),
    ),
  );
}

/** Replaces older versions of jobs in a response by the cached ones. */
function newest<T>(cache: ApolloCache, value: T): T;
function newest(cache: ApolloCache, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => newest(cache, item));
  if (typeof value !== 'object' || value === null) return value;
  if (!isJob(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, newest(cache, item)]));
  const known = readJob(cache, value.id);
  return known !== null && known.version > value.version ? known : value;
}

/** Whether a value is a job with its version. */
function isJob(value: object): value is VideoJobFieldsFragment {
  return '__typename' in value && value.__typename === 'VideoJob' && 'version' in value;
}
