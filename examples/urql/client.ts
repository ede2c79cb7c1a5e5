import { Client, type CombinedError, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';

/** A urql client: mutations by fetch, subscriptions over WebSocket. */
export function createUrqlClient(url: string): Client {
  // No retries here: watchVideoJob subscribes again itself, with its newest version.
  const socket = createClient({ url: url.replace(/^http/, 'ws'), retryAttempts: 0 });
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
}

/** Whether a retry may succeed: the gateway cannot be reached, or cannot reach its store. */
export function isPassing({ networkError, graphQLErrors }: CombinedError): boolean {
  if (networkError !== undefined) return !isRefusal(networkError);
  return graphQLErrors.every(({ extensions }) => extensions['code'] === 'STORE_UNAVAILABLE');
}

/** graphql-ws gives the event of a closed socket as the error; 44xx is an error of this client. */
function isRefusal(error: object): boolean {
  return 'code' in error && typeof error.code === 'number' && error.code >= 4400 && error.code < 4500;
}
