import type { GraphQLAnswer } from './http.ts';
import { MultipartClient } from './multipart-client.ts';
import { SseClient } from './sse-client.ts';
import { WsClient } from './ws-client.ts';

/** One subscription over any transport. */
export interface OpenStream extends Disposable {
  /** The next result; fails on any other message. */
  result<T>(): Promise<GraphQLAnswer<T>>;
  /** Resolves on `complete`; fails on any other message. */
  completed(): Promise<void>;
}

/** Opens a subscription. */
export type OpenSubscription = (
  url: string,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
) => Promise<OpenStream>;

/** All transports of subscriptions. */
export const TRANSPORTS: readonly { readonly name: string; readonly open: OpenSubscription }[] = [
  { name: 'WebSocket', open: overWebSocket },
  { name: 'SSE by POST', open: (url, query, variables = {}) => overSse(url, query, variables, 'POST') },
  { name: 'SSE by GET', open: (url, query, variables = {}) => overSse(url, query, variables, 'GET') },
  {
    name: 'multipart',
    open: (url, query, variables = {}) => MultipartClient.open(url, query, { variables }),
  },
];

async function overWebSocket(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<OpenStream> {
  const client = await WsClient.connect(url);
  client.subscribe('1', query, variables);
  return {
    result: () => client.result('1'),
    completed: async () => {
      const { type } = await client.next('1');
      if (type !== 'complete') throw new Error(`Expected complete, got ${type}.`);
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

async function overSse(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  method: 'POST' | 'GET',
): Promise<OpenStream> {
  const client = await SseClient.open(url, query, { method, variables });
  return {
    result: () => client.result(),
    completed: async () => {
      const { event } = await client.next();
      if (event !== 'complete') throw new Error(`Expected complete, got ${event}.`);
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
