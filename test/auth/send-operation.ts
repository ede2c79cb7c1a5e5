import { answerOf, type GraphQLAnswer, http, postBody } from '../support/gateway/http.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

/** One operation and the token that it is sent with. */
export interface TokenRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly token: string | null;
}

/** The first answer: the data, an error code, or the close code of the WebSocket. */
export type Outcome = { readonly data: unknown } | string;

/** Sends an operation over one transport. */
export type Send = (url: string, request: TokenRequest) => Promise<Outcome>;

/** Functions that send an operation, by transport and by the place of the token. */
export const SEND: Readonly<Record<string, Send>> = {
  POST: async (url, { query, variables = {}, token }) => {
    const { text } = await postBody(url, JSON.stringify({ query, variables }), {
      accept: 'application/json',
      ...bearer(token),
    });
    return outcomeOf(answerOf(text));
  },
  GET: async (url, { query, variables = {}, token }) => {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const headers = { accept: 'application/json', ...bearer(token) };
    const { status, text } = await http(`${url}/graphql?${search.toString()}`, { headers });
    return status === 405 || status === 406 ? String(status) : outcomeOf(answerOf(text));
  },
  'SSE by POST': (url, request) => overSse(url, request, 'POST'),
  'SSE by GET': (url, request) => overSse(url, request, 'GET'),
  'WebSocket, header': (url, request) => overWebSocket(url, request, { headers: bearer(request.token) }),
  'WebSocket, authorization': (url, request) =>
    overWebSocket(url, request, {
      params: request.token === null ? {} : { authorization: `Bearer ${request.token}` },
    }),
  'WebSocket, Authorization': (url, request) =>
    overWebSocket(url, request, {
      params: request.token === null ? {} : { Authorization: `Bearer ${request.token}` },
    }),
  'WebSocket, token': (url, request) =>
    overWebSocket(url, request, { params: request.token === null ? {} : { token: request.token } }),
  'WebSocket, GraphiQL': (url, request) =>
    overWebSocket(url, request, {
      extensions: { headers: request.token === null ? {} : { Authorization: `Bearer ${request.token}` } },
    }),
};

async function overSse(url: string, request: TokenRequest, method: 'POST' | 'GET'): Promise<Outcome> {
  const { query, variables = {}, token } = request;
  using client = await SseClient.open(url, query, { method, variables, headers: bearer(token) });
  const { statusCode } = client.response;
  if (statusCode === 405) return '405';
  if (statusCode === 401) return 'UNAUTHENTICATED';
  return outcomeOf(await client.result());
}

async function overWebSocket(
  url: string,
  { query, variables = {} }: TokenRequest,
  place: { headers?: Record<string, string>; params?: object; extensions?: object },
): Promise<Outcome> {
  using client = await WsClient.open(url, undefined, { headers: place.headers ?? {} });
  client.send({ type: 'connection_init', payload: place.params });
  try {
    await client.next();
    client.send({ id: '1', type: 'subscribe', payload: { query, variables, extensions: place.extensions } });
    const { type, payload } = await client.next('1');
    if (type === 'error') return outcomeOf({ errors: Array.isArray(payload) ? payload : [] });
    return outcomeOf(isAnswer(payload) ? payload : {});
  } catch {
    const { code } = await client.closed;
    return String(code);
  }
}

function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

function outcomeOf({ data, errors }: GraphQLAnswer): Outcome {
  const code = errors?.[0]?.extensions?.['code'];
  return errors === undefined ? { data } : String(code);
}

function isAnswer(payload: unknown): payload is GraphQLAnswer {
  return typeof payload === 'object' && payload !== null;
}
