import { createClient, type Sink } from 'graphql-ws';
import {
  commitMutation,
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  type PayloadError,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import { endpoint, headers, run, token } from '../terminal.ts';
import { GatewayError, type GenerateVideo, type Subscribe } from '../watch.ts';
import GENERATE_VIDEO, {
  type documentsGenerateVideoMutation,
} from './__generated__/documentsGenerateVideoMutation.graphql.ts';
import VIDEO_JOB_UPDATED, {
  type documentsVideoJobUpdatedSubscription,
} from './__generated__/documentsVideoJobUpdatedSubscription.graphql.ts';

const socket = createClient({
  url: endpoint.replace(/^http/, 'ws'),
  connectionParams: () => ({ token: token() }),
  retryAttempts: 0, // watchVideoJob subscribes again, with the newest version.
});
const environment = new Environment({
  network: Network.create(
    async ({ text }, variables) => {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers() },
        body: JSON.stringify({ query: text, variables }),
      });
      return JSON.parse(await response.text());
    },
    ({ text }, variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        socket.subscribe({ query: text ?? '', variables }, sink as Sink),
      ),
  ),
  store: new Store(new RecordSource()),
});

/** The gateway's errors, if it answered. */
const errorOf = (error: Error & { source?: { errors: PayloadError[] } }) =>
  error.source === undefined ? error : new GatewayError(error.source.errors);

const generateVideo: GenerateVideo = (input) =>
  new Promise((resolve, reject) => {
    commitMutation<documentsGenerateVideoMutation>(environment, {
      mutation: GENERATE_VIDEO,
      variables: { input },
      onCompleted: (data, errors) => (errors == null ? resolve(data) : reject(new GatewayError(errors))),
      onError: (error) => reject(errorOf(error)),
    });
  });

const subscribe: Subscribe = (variables, stream) => {
  const subscription = requestSubscription<documentsVideoJobUpdatedSubscription>(environment, {
    subscription: VIDEO_JOB_UPDATED,
    variables,
    onNext: (data) => stream.next({ data }),
    onError: (error) => stream.error(errorOf(error)),
    onCompleted: stream.complete,
  });
  return () => subscription.dispose();
};

await run(generateVideo, subscribe);
