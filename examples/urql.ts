import { Client, type CombinedError, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createClient } from 'graphql-ws';
import { onEnd, pipe, subscribe as read } from 'wonka';
import {
  GENERATE_VIDEO,
  type GenerateVideoData,
  VIDEO_JOB_UPDATED,
  type VideoJobUpdatedData,
} from './documents.ts';
import { endpoint, headers, run, token } from './terminal.ts';
import { GatewayError, type GenerateVideo, type Subscribe } from './watch.ts';

const socket = createClient({
  url: endpoint.replace(/^http/, 'ws'),
  connectionParams: () => ({ token: token() }),
  retryAttempts: 0, // watchVideoJob subscribes again, with the newest version.
});
const client = new Client({
  url: endpoint,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: headers() }),
  exchanges: [
    persistedExchange({ enableForMutation: true }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

const errorOf = ({ graphQLErrors, networkError }: CombinedError) =>
  networkError ?? new GatewayError(graphQLErrors);

const generateVideo: GenerateVideo = async (input) => {
  const { data, error } = await client.mutation<GenerateVideoData>(gql(GENERATE_VIDEO), { input });
  if (error !== undefined) throw errorOf(error);
  return data;
};

const subscribe: Subscribe = (variables, stream) => {
  const results = client.subscription<VideoJobUpdatedData>(gql(VIDEO_JOB_UPDATED), variables);
  const subscription = pipe(
    results,
    onEnd(stream.complete),
    read(({ data, error }) => (error === undefined ? stream.next({ data }) : stream.error(errorOf(error)))),
  );
  return () => subscription.unsubscribe();
};

await run(generateVideo, subscribe);
