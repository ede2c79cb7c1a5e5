import type { GraphQLError } from 'graphql';
import { type FetchAPI, isAsyncIterable, type Plugin, processRegularResult } from 'graphql-yoga';
import { refusal } from '../../../../graphql/errors.ts';
import type { Exchange } from '../exchange.ts';
import { isSupported, type MediaRange, mediaRanges } from '../media-type.ts';
import { type EventFormat, MULTIPART, onlyEvent, SERVER_SENT_EVENTS } from './event-format.ts';

/** What Yoga answers with; a list for a batch. */
type Result = Parameters<typeof processRegularResult>[0];

const NOT_ACCEPTABLE =
  'None of the media types in the Accept header is supported. Supported: application/json, application/graphql-response+json, and text/event-stream or multipart/mixed;subscriptionSpec=1.0 for a subscription.';

/**
 * Chooses the media type of each answer. Events are written by `EventResponse`: Yoga's answer has only their headers. What is not a
 * stream is JSON, or one event for clients that accept server-sent events only. Clients that accept none of them get 406.
 */
export function useEventStreams(): Plugin<object, Exchange> {
  return {
    // An operation whose result the client cannot read must not be executed.
    onRequestParse({ request }) {
      if (!mediaRanges(request.headers.get('accept')).some(isSupported))
        throw refusal(406, 'NOT_ACCEPTABLE', NOT_ACCEPTABLE);
    },
    onResultProcess(processing) {
      const { request, result, serverContext: exchange } = processing;
      const ranges = mediaRanges(request.headers.get('accept'));
      if (!isAsyncIterable(result)) {
        if (processing.resultProcessor === processRegularResult) return;
        processing.setResultProcessor(
          (single, fetchAPI) => answerOf(single, ranges, request, fetchAPI),
          'application/json',
        );
        return;
      }
      const format = preferredFormat(ranges);
      processing.setResultProcessor(async (events, { Response }) => {
        if (format === null) {
          if (isAsyncIterable(events)) await end(events);
          return notAcceptable(Response);
        }
        exchange.format = format;
        return new Response(null, { headers: { 'content-type': format.contentType } });
      }, 'text/event-stream');
    },
  };
}

const SSE_RANGES = new Set([SERVER_SENT_EVENTS.contentType, 'text/*', '*/*']);

/** The format of events that a client prefers; null: it accepts none. */
function preferredFormat(ranges: readonly MediaRange[]): EventFormat | null {
  for (const { type, params } of ranges) {
    if (SSE_RANGES.has(type)) return SERVER_SENT_EVENTS;
    if (type === 'multipart/mixed' && params.includes('subscriptionspec=1.0')) return MULTIPART;
  }
  return null;
}

/** Answers a client that does not accept JSON with a result that is not a stream. */
async function answerOf(
  result: Result,
  ranges: readonly MediaRange[],
  { method }: { readonly method: string },
  fetchAPI: FetchAPI,
): Promise<Response> {
  const accepts = (type: string) => ranges.some((range) => range.type === type);
  if (accepts('text/event-stream') || accepts('text/*')) return sseAnswerOf(result, method, fetchAPI);
  // Clients that accept multipart read JSON too.
  if (accepts('multipart/mixed')) return processRegularResult(result, fetchAPI, 'application/json');
  return notAcceptable(fetchAPI.Response);
}

/**
 * A result as one event. For a POST the status is 200, as graphql-sse demands: its clients read errors from events only. A GET may
 * come from an EventSource, which reconnects after the end of an answer unless its status is another one.
 */
async function sseAnswerOf(result: Result, method: string, fetchAPI: FetchAPI): Promise<Response> {
  const isGet = method === 'GET';
  const json = processRegularResult(
    result,
    fetchAPI,
    isGet ? 'application/graphql-response+json' : 'application/json',
  );
  const status = isGet && json.status === 200 ? statusOf(result) : json.status;
  const headers = new fetchAPI.Headers(json.headers);
  headers.set('content-type', SERVER_SENT_EVENTS.contentType);
  headers.delete('content-length');
  const body = SERVER_SENT_EVENTS.start + onlyEvent(await json.text());
  return new fetchAPI.Response(body, { status, headers });
}

/** Statuses of errors that have none of their own, by code; others have 400. After 200 an EventSource tries again. */
const STATUSES: Readonly<Record<string, number>> = {
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
  STORE_UNAVAILABLE: 200,
};

/** The status of an operation that was refused; 200 for one that was executed. */
function statusOf(result: Result): number {
  if (Array.isArray(result) || isAsyncIterable(result) || result.data !== undefined) return 200;
  const error: GraphQLError | undefined = result.errors?.[0];
  return STATUSES[String(error?.extensions['code'])] ?? 400;
}

function notAcceptable(Response: FetchAPI['Response']): Response {
  const error = { message: NOT_ACCEPTABLE, extensions: { code: 'NOT_ACCEPTABLE' } };
  return Response.json({ errors: [error] }, { status: 406 });
}

async function end(events: AsyncIterable<unknown>): Promise<void> {
  await events[Symbol.asyncIterator]().return?.();
}
