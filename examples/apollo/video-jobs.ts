import { type ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import {
  GENERATE_VIDEO,
  type GenerateVideoData,
  VIDEO_JOB_UPDATED,
  type VideoJobUpdatedData,
} from '../documents.ts';
import { headers, run } from '../terminal.ts';
import { GatewayError, type GenerateVideo, type Subscribe } from '../watch.ts';

/** Sends the token of the moment with each request. */
export const signIn = new ApolloLink((operation, forward) => {
  operation.setContext({ headers: headers() });
  return forward(operation);
});

/** The cache has to know which types have the interface that the documents name, or it loses their fields. */
export const cache = new InMemoryCache({
  possibleTypes: {
    GenerateVideoError: [
      'GenerateVideoInvalidInput',
      'GenerateVideoIdempotencyConflict',
      'GenerateVideoCapacityExceeded',
    ],
  },
});

const errorOf = (error: Error) => (CombinedGraphQLErrors.is(error) ? new GatewayError(error.errors) : error);

function generateVideoBy(client: ApolloClient): GenerateVideo {
  return async (input) => {
    const { data, error } = await client.mutate<GenerateVideoData>({
      mutation: gql(GENERATE_VIDEO),
      variables: { input },
      errorPolicy: 'all',
    });
    if (error !== undefined) throw errorOf(error);
    return data;
  };
}

function subscribeBy(client: ApolloClient): Subscribe {
  return (variables, stream) => {
    const results = client.subscribe<VideoJobUpdatedData>({ query: gql(VIDEO_JOB_UPDATED), variables });
    const subscription = results.subscribe({
      next: ({ data, error }) => (error === undefined ? stream.next({ data }) : stream.error(errorOf(error))),
      complete: stream.complete,
    });
    return () => subscription.unsubscribe();
  };
}

export async function runBy(client: ApolloClient): Promise<void> {
  await run(generateVideoBy(client), subscribeBy(client));
}
