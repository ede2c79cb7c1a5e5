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

/** The GraphQL result of an answer. @throws ReelgateError when there is none */
export function resultOf<Data>(answer: Answer): OperationResult<Data> {
  const result = parseResult<Data>(answer.text);
  if (result === null) throw notGraphQL(answer);
  return result;
}

/** The error for a gateway that does not answer. */
export function unreachable(url: string, cause?: unknown): ReelgateError {
  return new ReelgateError('UNREACHABLE', `The gateway at ${url} cannot be reached.`, { cause });
}

/** The codes of statuses; NOT_GRAPHQL for others below 500. */
const CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  408: 'UNREACHABLE',
  429: 'UNREACHABLE',
};

/** The error for an answer that is not a GraphQL result, such as a proxy's page. */
export function notGraphQL({ status, retryAfter }: Pick<Answer, 'status' | 'retryAfter'>): ReelgateError {
  return new ReelgateError(
    CODES[status] ?? (status < 500 ? 'NOT_GRAPHQL' : 'UNREACHABLE'),
    `The client's url answered with HTTP status ${status}, without a GraphQL result.`,
    // A date, or no header: undefined.
    { retryAfterSeconds: Number(retryAfter) || undefined },
  );
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
