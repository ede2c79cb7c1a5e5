import { ReelgateError } from '../errors.ts';
import type { OperationResult } from './connection.ts';

/** The media types of GraphQL results. */
export const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

/** An answer to a request: the part of `Response` that is needed. */
export interface Answer {
  readonly status: number;
  /** Of the Retry-After header. */
  readonly retryAfter: string | null;
  readonly text: string;
}

/** The headers that carry a token. */
export function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Sends a POST request. @throws ReelgateError without an answer; the reason of `signal` */
export async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | ArrayBuffer,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    const retryAfter = response.headers.get('retry-after');
    return { status: response.status, retryAfter, text: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, error);
  }
}

/** The GraphQL result of an answer. @throws ReelgateError when there is none */
export function resultOf<Data>(answer: Answer): OperationResult<Data> {
  const result = parseResult<Data>(answer.text);
  if (result === null) throw notGraphQL(answer);
  return result;
}

/** The error for a request that had no answer. */
export function unreachable(url: string, cause: unknown): ReelgateError {
  return new ReelgateError('UNREACHABLE', `The gateway at ${url} cannot be reached.`, { cause });
}

/** The error for an answer that is not a GraphQL result, such as a proxy's page. */
export function notGraphQL({ status, retryAfter }: Pick<Answer, 'status' | 'retryAfter'>): ReelgateError {
  const seconds = Number(retryAfter);
  const details = seconds > 0 ? { retryAfterSeconds: seconds } : {};
  const was = `HTTP status ${status} without a GraphQL result.`;
  if (status >= 500 || status === 408 || status === 429)
    return new ReelgateError('UNREACHABLE', was, details);
  if (status === 401) return new ReelgateError('UNAUTHENTICATED', was);
  if (status === 403) return new ReelgateError('FORBIDDEN', was);
  return new ReelgateError('NOT_GRAPHQL', `${was} Check the client's url.`);
}

/** The GraphQL result in a text; null when there is none. */
export function parseResult<Data>(text: string): OperationResult<Data> | null {
  const value: OperationResult<Data> | null = parseJson(text);
  return value?.data !== undefined || Array.isArray(value?.errors) ? value : null;
}

/** The value of a JSON text; null when it is none. */
export function parseJson(text: string): ReturnType<typeof JSON.parse> {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
