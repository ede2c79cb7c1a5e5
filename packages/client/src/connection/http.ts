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
export function authorization(token: string | null): { readonly authorization?: string } {
  return token === null ? {} : { authorization: `Bearer ${token}` };
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

/** Statuses of proxies whose gateway is away or overloaded. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 425, 429]);

/** The error for an answer that is not a GraphQL result, such as a proxy's page. */
export function notGraphQL({ status, retryAfter }: Pick<Answer, 'status' | 'retryAfter'>): ReelgateError {
  const seconds = Number(retryAfter ?? Number.NaN);
  const details = seconds > 0 ? { retryAfterSeconds: seconds } : {};
  const was = `The answer is not a GraphQL result. Its HTTP status is ${status}.`;
  if (status >= 500 || TEMPORARY.has(status)) return new ReelgateError('UNREACHABLE', was, details);
  if (status === 401) return new ReelgateError('UNAUTHENTICATED', was);
  if (status === 403) return new ReelgateError('FORBIDDEN', was);
  return new ReelgateError(
    'NOT_GRAPHQL',
    `${was} Check the client's url: it is the gateway's /graphql endpoint.`,
  );
}

/** The GraphQL result in a text; null when there is none. */
export function parseResult<Data>(text: string): OperationResult<Data> | null {
  try {
    const value: OperationResult<Data> | null = JSON.parse(text);
    return value?.data !== undefined || Array.isArray(value?.errors) ? value : null;
  } catch {
    return null;
  }
}
