import type { GraphQLErrorLike, OperationResult } from './connection.ts';
import { authorization, parseResult, resultOf } from './http.ts';
import type { AnyResult, Startable } from './link.ts';

/** Milliseconds until the gateway answers. */
const ANSWER_MS = 15_000;
/** The gateway writes at least every 10 seconds. Without it for this time the stream is lost. */
const SILENCE_MS = 25_000;
/** Characters of an event. The gateway's are far smaller; another server's text must not fill the memory. */
const MAX_LENGTH = 4_000_000;

/** Receives the events of one stream. */
export interface EventStreamHandlers {
  readonly opened: () => void;
  readonly next: (result: AnyResult) => void;
}

/**
 * Runs a subscription as server-sent events of one request.
 *
 * @returns the errors of a refusal; null when the subscription is complete
 * @throws ReelgateError for another server's answer; other errors are a lost connection, or an abort
 */
export async function readEventStream(
  url: string,
  token: string | null,
  { operation }: Startable,
  { opened, next }: EventStreamHandlers,
  abort: AbortController,
): Promise<readonly GraphQLErrorLike[] | null> {
  const expectData = (ms: number): ReturnType<typeof setTimeout> => setTimeout(() => abort.abort(), ms);
  let timer = expectData(ANSWER_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...authorization(token),
      },
      body: JSON.stringify(operation),
      signal: abort.signal,
    });
    const { status, headers, body } = response;
    if (body === null || headers.get('content-type')?.startsWith('text/event-stream') !== true) {
      const result: OperationResult = resultOf({ status, retryAfter: null, text: await response.text() });
      return result.errors ?? [];
    }
    if (status === 200) opened();
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done || text.length > MAX_LENGTH) throw new Error('The stream ended.');
      timer = expectData(SILENCE_MS);
      const events = (text + decoder.decode(value, { stream: true })).replaceAll('\r', '').split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        if (fieldOf(event, 'event') === 'complete') return null;
        const result = parseResult<never>(fieldOf(event, 'data'));
        if (result !== null) next(result);
        // The receiver may have stopped the stream.
        abort.signal.throwIfAborted();
      }
    }
  } finally {
    clearTimeout(timer);
    // Closes the connection of a stream that was not read to its end.
    abort.abort();
  }
}

/** A field of an event; empty when it is missing. The gateway writes each in one line. */
function fieldOf(event: string, name: string): string {
  return new RegExp(`^${name}: ?(.*)$`, 'm').exec(event)?.[1] ?? '';
}
