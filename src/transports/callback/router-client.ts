import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { Agent } from 'undici';
import type { CallbackTarget } from './target.ts';

/** A message to a router. */
export type CallbackMessage =
  | { readonly action: 'check' }
  | { readonly action: 'next'; readonly payload: FormattedExecutionResult }
  | { readonly action: 'complete'; readonly errors?: readonly GraphQLFormattedError[] };

/** Milliseconds for one request. */
const DEADLINE_MS = 5000;
/** Connections to one router at a time. */
const MAX_CONNECTIONS = 100;

/** POSTs messages to routers. It follows no redirects: they could lead anywhere. */
export class RouterClient implements AsyncDisposable {
  readonly #agent = new Agent({
    allowH2: false,
    connections: MAX_CONNECTIONS,
    connect: { timeout: DEADLINE_MS },
  });

  /**
   * @param signal aborts the request
   * @returns the status of the answer; null when there was none in time
   */
  async post({ url, id, verifier }: CallbackTarget, message: CallbackMessage, signal: AbortSignal) {
    try {
      const { statusCode, body } = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'subscription-protocol': 'callback' },
        body: JSON.stringify({ kind: 'subscription', id, verifier, ...message }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      });
      await body.dump();
      return statusCode;
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
