import { connect } from 'node:net';

/** An HTTP response. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A GraphQL error as clients receive it. */
export interface ClientError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A GraphQL response as clients receive it. */
export interface GraphQLAnswer<T = unknown> {
  readonly data?: T | null;
  readonly errors?: readonly ClientError[];
}

/** One HTTP exchange. */
export async function http(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** POSTs a body to the endpoint, as JSON unless the headers name another type. */
export function postBody(
  url: string,
  body: BodyInit,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return http(`${url}/graphql`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Runs an operation by POST. */
export async function graphql<T>(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphQLAnswer<T>> {
  const { text } = await postBody(url, JSON.stringify({ query, variables }));
  return answerOf<T>(text);
}

/** Runs an operation that must succeed. */
export async function dataOf<T>(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  const { data, errors } = await graphql<T>(url, query, variables);
  if (errors !== undefined || data == null)
    throw new Error(`The operation failed: ${JSON.stringify(errors)}`);
  return data;
}

/** Parses a GraphQL response. */
export function answerOf<T = unknown>(text: string): GraphQLAnswer<T> {
  const answer: GraphQLAnswer<T> = JSON.parse(text);
  return answer;
}

/** Sends bytes by TCP. Resolves with the whole answer once the server has closed the connection. */
export function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  // The connection may be reset after the answer.
  socket.on('error', () => {});
  socket.on('close', () => resolve(received));
  return promise;
}
