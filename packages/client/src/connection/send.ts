import type { ReelgateError } from '../errors.ts';
import { onAbort } from './abort.ts';
import { type Answer, unreachable } from './http.ts';
import { closeError, openSocket } from './web-socket-link.ts';

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
    throw await noAnswer(url, signal, error);
  }
}

/**
 * The error for a request that had no answer. A browser hides from a page that the gateway does not allow its origin, but it shows the
 * reason with which the gateway closes a WebSocket.
 *
 * @throws the reason of `signal`
 */
export async function noAnswer(url: string, signal: AbortSignal, cause?: unknown): Promise<ReelgateError> {
  signal.throwIfAborted();
  const lost = unreachable(url, cause);
  // Of pages and their workers.
  const { origin }: { readonly origin?: string } = globalThis;
  if (origin === undefined || url.startsWith(`${origin}/`)) return lost;
  lost.message += ` Browsers hide whether its CORS_ORIGINS lacks ${origin}.`;
  const closed = new Promise<ReelgateError>((resolve) => {
    const socket = openSocket(url);
    const close = (): void => socket.close();
    // If the gateway refuses, its reason arrives before its answer to this.
    socket.addEventListener('open', close);
    onAbort(signal, close);
    socket.addEventListener('close', ({ code, reason }) => resolve(closeError(code, reason) ?? lost));
  });
  // The browser may allow no WebSocket here.
  const error = await closed.catch(() => lost);
  signal.throwIfAborted();
  return error;
}
