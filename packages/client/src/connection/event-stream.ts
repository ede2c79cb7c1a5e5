import { abortScope } from './abort.ts';
import type { GraphQLErrorLike } from './connection.ts';
import { eventParser } from './event-source.ts';
import { authorization, notGraphQL, parseResult } from './http.ts';
import type { AnyResult, LinkEnd, Startable } from './link.ts';

/** Milliseconds until the gateway answers. */
const ANSWER_MS = 15_000;
/** The gateway writes at least every 10 seconds. Without it for this time the stream is lost. */
const SILENCE_MS = 25_000;

/** Receives the events of one stream. */
export interface EventStreamHandlers {
  readonly opened: () => void;
  readonly next: (result: AnyResult) => void;
}

/** How a stream ended. */
export type EventStreamEnd =
  | { readonly type: 'completed' }
  | { readonly type: 'failed'; readonly errors: readonly GraphQLErrorLike[] }
  | LinkEnd;

/** Runs a subscription as server-sent events of one request. @throws the reason of `signal`; other errors are a lost connection */
export async function readEventStream(
  url: string,
  token: string | null,
  { operation }: Startable,
  { opened, next }: EventStreamHandlers,
  signal: AbortSignal,
): Promise<EventStreamEnd> {
  const silence = new AbortController();
  const expectData = (ms: number): ReturnType<typeof setTimeout> =>
    setTimeout(() => silence.abort(new Error('The stream is silent.')), ms);
  let timer = expectData(ANSWER_MS);
  const scope = abortScope([signal, silence.signal]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...authorization(token),
      },
      body: JSON.stringify(operation),
      signal: scope.signal,
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!isStream || response.body === null) return await endOf(response);
    if (response.status === 200) opened();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parse = eventParser();
    for (;;) {
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return { type: 'lost' };
      timer = expectData(SILENCE_MS);
      for (const { type, data } of parse(decoder.decode(value, { stream: true }))) {
        if (type === 'complete') return { type: 'completed' };
        if (type === 'next') next(parseResult(data) ?? {});
        // The receiver may have stopped the stream.
        signal.throwIfAborted();
      }
    }
  } finally {
    clearTimeout(timer);
    // Closes the connection of a stream that was not read to its end.
    silence.abort();
    scope.release();
  }
}

/** The end of an answer that is no stream. */
async function endOf(response: Response): Promise<EventStreamEnd> {
  const { errors } = parseResult(await response.text()) ?? {};
  if (errors !== undefined) return { type: 'failed', errors };
  const { code, message } = notGraphQL({ status: response.status, retryAfter: null });
  if (code === 'UNREACHABLE') return { type: 'lost' };
  return code === 'UNAUTHENTICATED'
    ? { type: 'unauthenticated', message }
    : { type: 'refused', code, message };
}
