import { answerOf, type GraphQLAnswer, http, postBody } from './http.ts';
import { WsClient } from './ws-client.ts';

/** Sends the parameters of an operation. @returns the first answer */
export type SendParams = (url: string, params: object) => Promise<GraphQLAnswer>;

/** Functions that send any parameters, by transport. */
export const SEND_PARAMS = {
  POST: async (url, params) => answerOf((await postBody(url, JSON.stringify(params))).text),
  GET: async (url, params) => {
    const { text } = await http(`${url}/graphql?${searchOf(params)}`, { headers: PLAIN });
    return answerOf(text);
  },
  'SSE by POST': async (url, params) =>
    firstEvent((await postBody(url, JSON.stringify(params), STREAM)).text),
  'SSE by GET': async (url, params) =>
    firstEvent((await http(`${url}/graphql?${searchOf(params)}`, { headers: STREAM })).text),
  WebSocket: async (url, params) => {
    using client = await WsClient.connect(url);
    // The protocol demands a `query`.
    client.send({ id: '1', type: 'subscribe', payload: { query: '', ...params } });
    const { type, payload } = await client.next('1');
    const text = JSON.stringify(type === 'error' ? { errors: payload } : payload);
    return answerOf(text);
  },
} as const satisfies Record<string, SendParams>;

/** The transports. */
export const TRANSPORTS = Object.entries(SEND_PARAMS);

/** Parameters as in the URL of a GET: objects as JSON. */
export function searchOf(params: object): string {
  const entries = Object.entries(params).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return new URLSearchParams(entries).toString();
}

const PLAIN = { accept: 'application/json' };
const STREAM = { accept: 'text/event-stream' };

/** An unknown hash is answered with JSON instead of events. */
function firstEvent(text: string): GraphQLAnswer {
  return answerOf(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}'));
}
