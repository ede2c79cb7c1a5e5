import { abortScope } from './abort.ts';
import type { Operation, OperationResult } from './connection.ts';
import { endpointUrl } from './endpoint.ts';
import { ACCEPT, authorization, resultOf, unreachable } from './http.ts';
import type { Tokens } from './tokens.ts';

/** Milliseconds until a request is answered, the token included. */
const ANSWER_MS = 30_000;

/** What a request needs of its client. */
export interface Sender {
  readonly url: string | URL;
  readonly tokens: Tokens;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;
}

/** Sends an operation by HTTP once. @throws ReelgateError without a GraphQL result; the reason of `signal` */
export async function post<Data>(
  { url, tokens, closed }: Sender,
  operation: Operation,
  signal?: AbortSignal,
): Promise<OperationResult<Data>> {
  const endpoint = endpointUrl(url);
  const timedOut = (): Error =>
    unreachable(endpoint, new Error(`There was no answer within ${ANSWER_MS / 1000} seconds.`));
  const scope = abortScope([closed, signal], { ms: ANSWER_MS, reason: timedOut });
  const failed = (error: unknown): never => {
    throw scope.signal.aborted ? scope.signal.reason : unreachable(endpoint, error);
  };
  try {
    scope.signal.throwIfAborted();
    const token = await tokens.get(scope.signal);
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: ACCEPT, 'content-type': 'application/json', ...authorization(token) },
      body: JSON.stringify(operation),
      signal: scope.signal,
    }).catch(failed);
    const text = await response.text().catch(failed);
    return resultOf({ status: response.status, retryAfter: response.headers.get('retry-after'), text });
  } finally {
    scope.release();
  }
}
