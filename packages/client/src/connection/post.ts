import { abortScope } from './abort.ts';
import type { Operation, OperationResult } from './connection.ts';
import { endpointUrl } from './endpoint.ts';
import { ACCEPT, type Answer, authorization, resultOf } from './http.ts';
import { errorOf } from './result-errors.ts';
import { send } from './send.ts';
import { isRenewable, tokenOf, type TokenSource } from './tokens.ts';

/** Milliseconds until a request is answered, the token included. */
const ANSWER_MS = 30_000;

/** What a request needs of its client. */
export interface Sender {
  readonly url: string | URL;
  readonly token: TokenSource;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;
}

/** Sends a request with these headers. */
export type SendRequest = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Answer>;

/** Sends an operation by HTTP. @throws ReelgateError without a GraphQL result; the reason of `signal` */
export function post<Data>(
  sender: Sender,
  operation: Operation,
  signal?: AbortSignal,
): Promise<OperationResult<Data>> {
  const request: SendRequest = (url, headers, aborted) =>
    send(url, { ...headers, 'content-type': 'application/json' }, JSON.stringify(operation), aborted);
  return sendWithToken(sender, request, ANSWER_MS, signal);
}

/** Sends a request with a token; once more with a renewed one when the gateway refuses the first. */
export async function sendWithToken<Data>(
  { url, token, closed }: Sender,
  request: SendRequest,
  ms: number,
  signal?: AbortSignal,
): Promise<OperationResult<Data>> {
  const endpoint = endpointUrl(url);
  const scope = abortScope([closed, signal], ms);
  const attempt = async (): Promise<OperationResult<Data>> => {
    scope.signal.throwIfAborted();
    const headers = { accept: ACCEPT, ...authorization(await tokenOf(token, scope.signal)) };
    return resultOf(await request(endpoint, headers, scope.signal));
  };
  try {
    const result = await attempt();
    // It was not executed. The token may have expired, or it was withdrawn.
    return isRenewable(token) && errorOf(result.errors).code === 'UNAUTHENTICATED' ? await attempt() : result;
  } finally {
    scope.release();
  }
}
