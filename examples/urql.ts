import { createReelgate } from '@reelgate/client';
import { VideoJobUpdatedDocument } from '@reelgate/client/documents';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { endpoint, fail, headers, input, show, token } from './terminal.ts';

const reelgate = createReelgate({ url: endpoint, token });
const client = new Client({
  url: endpoint,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: headers() }),
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: reelgate.connection.subscribe({ query, variables }, sink),
        }),
      }),
    }),
  ],
});

const { id } = await reelgate.submit(input).catch(fail);

client.subscription(VideoJobUpdatedDocument, { id }).subscribe(({ data, error, hasNext }) => {
  if (error !== undefined) fail(error);
  // At the end urql reports the last state again.
  if (hasNext && data !== undefined) show(data.videoJobUpdated);
});
