import { answerOf, type GraphQLAnswer, http, postBody } from '../support/gateway/http.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

/** One operation and the token that it is sent with. */
export interface Question {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly token: string | null;
}

/** What came of it first: the data, or a code; of a WebSocket that was closed the number. */
export type Heard = { readonly data: unknown } | string;

/** Sends an operation over one transport. */
export type Ask = (url: string, question: Question) => Promise<Heard>;

/** Every way to ask, and every place that a token may stand in. */
export const ASKS: Readonly<Record<string, Ask>> = {
  POST: async (url, { query, variables = {}, token }) => {
    const { text } = await postBody(url, JSON.stringify({ query, variables }), {
      accept: 'application/json',
      ...bearer(token),
    });
    return heard(answerOf(text));
  },
  GET: async (url, { query, variables = {}, token }) => {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const headers = { accept: 'application/json', ...bearer(token) };
    const { status, text } = await http(`${url}/graphql?${search.toString()}`, { headers });
    return status === 405 || status === 406 ? String(status) : heard(answerOf(text));
  },
  'SSE by POST': (url, question) => overSse(url, question, 'POST'),
  'SSE by GET': (url, question) => overSse(url, question, 'GET'),
  'WebSocket, header': (url, question) => overWebSocket(url, question, { headers: bearer(question.token) }),
  'WebSocket, authorization': (url, question) =>
    overWebSocket(url, question, {
      params: question.token === null ? {} : { authorization: `Bearer ${question.token}` },
    }),
  'WebSocket, Authorization': (url, question) =>
    overWebSocket(url, question, {
      params: question.token === null ? {} : { Authorization: `Bearer ${question.token}` },
    }),
  'WebSocket, token': (url, question) =>
    overWebSocket(url, question, { params: question.token === null ? {} : { token: question.token } }),
  'WebSocket, GraphiQL': (url, question) =>
    overWebSocket(url, question, {
      extensions: { headers: question.token === null ? {} : { Authorization: `Bearer ${question.token}` } },
    }),
};

async function overSse(url: string, question: Question, method: 'POST' | 'GET'): Promise<Heard> {
  const { query, variables = {}, token } = question;
  using client = await SseClient.open(url, query, { method, variables, headers: bearer(token) });
  const { statusCode } = client.response;
  if (statusCode === 405) return '405';
  if (statusCode === 401) return 'UNAUTHENTICATED';
  return heard(await client.result());
}

async function overWebSocket(
  url: string,
  { query, variables = {} }: Question,
  place: { headers?: Record<string, string>; params?: object; extensions?: object },
): Promise<Heard> {
  using client = await WsClient.open(url, undefined, { headers: place.headers ?? {} });
  client.send({ type: 'connection_init', payload: place.params });
  try {
    await client.next();
    client.send({ id: '1', type: 'subscribe', payload: { query, variables, extensions: place.extensions } });
    const { type, payload } = await client.next('1');
    if (type === 'error') return heard({ errors: Array.isArray(payload) ? payload : [] });
    return heard(isAnswer(payload) ? payload : {});
  } catch {
    const { code } = await client.closed;
    return String(code);
  }
}

function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

function heard({ data, errors }: GraphQLAnswer): Heard {
  const code = errors?.[0]?.extensions?.['code'];
  return errors === undefined ? { data } : String(code);
}

function isAnswer(payload: unknown): payload is GraphQLAnswer {
  return typeof payload === 'object' && payload !== null;
}
