import { Deliveries } from './deliveries.ts';
import type { Connection, Endpoint, OperationRequest, Stream } from './transport.ts';

/** Statuses with which servers and proxies refuse a request before GraphQL reads it. */
const REFUSALS: Readonly<Record<number, string>> = {
  408: 'REQUEST_TIMEOUT',
  413: 'REQUEST_ENTITY_TOO_LARGE',
  414: 'REQUEST_HEADERS_TOO_LARGE',
  431: 'REQUEST_HEADERS_TOO_LARGE',
};

/** Reads a response into the deliveries until its end. Throws when the connection breaks. */
export type ReadResponse = (response: Response, deliveries: Deliveries) => Promise<void>;

/** Sends an operation. */
export type SendRequest = (request: OperationRequest, endpoint: Endpoint) => Promise<Response>;

/** A connection that sends each operation in a request of its own. */
export function overHttp(endpoint: Endpoint, send: SendRequest, read: ReadResponse): Connection {
  const closed = new AbortController();
  const signal = AbortSignal.any([endpoint.signal, closed.signal]);
  const readings = new Set<Promise<void>>();
  return {
    open: async (request): Promise<Stream> => {
      const deliveries = new Deliveries();
      let response: Response;
      try {
        response = await send(request, { ...endpoint, signal });
      } catch (error) {
        deliveries.invalid(`The request failed: ${messageOf(error)}`);
        return deliveries;
      }
      // A broken connection has the meaning of a cut stream: the client connects again.
      readings.add(
        read(response, deliveries).catch((error: unknown) => deliveries.reconnect(messageOf(error))),
      );
      return deliveries;
    },
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await Promise.all(readings);
    },
  };
}

/** Sends an operation as the JSON body of a POST. */
export function post(
  { query, ...parameters }: OperationRequest,
  { url, token, signal }: Endpoint,
  accept: string,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...headersOf(accept, token), 'content-type': 'application/json' },
    body: JSON.stringify(query === '' ? parameters : { query, ...parameters }),
    signal,
  });
}

/** Sends an operation in the query of a GET. */
export function get(
  { query, operationName, variables, extensions }: OperationRequest,
  { url, token, signal }: Endpoint,
  accept: string,
): Promise<Response> {
  const search = new URLSearchParams({ variables: JSON.stringify(variables) });
  if (query !== '') search.set('query', query);
  if (operationName !== undefined) search.set('operationName', operationName);
  if (extensions !== undefined) search.set('extensions', JSON.stringify(extensions));
  return fetch(`${url}?${search.toString()}`, { headers: headersOf(accept, token), signal });
}

function headersOf(accept: string, token: string | null): Record<string, string> {
  return { accept, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
}

/** Reads a response that is one JSON value: a result, or a refusal. */
export async function readJson(response: Response, deliveries: Deliveries): Promise<void> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const code = REFUSALS[response.status];
    if (code !== undefined) return deliveries.fail([code], `HTTP ${response.status}`);
    return deliveries.invalid(`HTTP ${response.status} without JSON: ${text.slice(0, 200)}`);
  }
  deliveries.receive(body);
  deliveries.complete();
}

/** The media type of a response, without its parameters. */
export function mediaTypeOf({ headers }: Response): string {
  return (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The text of a response as it arrives. */
export async function* chunksOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) return;
  yield* body.pipeThrough(new TextDecoderStream());
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
