import type { GraphQLError } from 'graphql';
import type { EventResult } from '../../../../operations/fan-out.ts';
import { byteString, formatErrors } from '../../../../operations/results.ts';

/** How the events of a subscription are written as one HTTP body. All texts are byte strings, see `byteString`. */
export interface EventFormat {
  readonly contentType: string;
  /** Written before everything else. */
  readonly start: string;
  /** Shows clients and proxies that the stream is alive. */
  readonly heartbeat: string;
  /** @param isResumable whether the client may send the event's version as `Last-Event-ID` */
  event(event: EventResult, isResumable: boolean): string;
  /** The last text; with the error that ended the events, if one did. */
  end(error: GraphQLError | null): string;
}

/** Milliseconds after which a browser reconnects. Browsers neither vary nor lengthen it; their own default is 3 to 5 seconds. */
const RETRY_MS = 2000;

const COMPLETE = 'event: complete\ndata:\n\n';

/** Server-sent events, in the distinct connections mode of graphql-sse. */
export const SERVER_SENT_EVENTS: EventFormat = {
  contentType: 'text/event-stream',
  start: `retry: ${RETRY_MS}\n\n`,
  heartbeat: ':\n\n',
  event: ({ version, json }, isResumable) => `${isResumable ? `id: ${version}\n` : ''}${nextEvent(json)}`,
  end: (error) => (error === null ? COMPLETE : onlyEvent(jsonOf({ errors: formatErrors([error]) }))),
};

function nextEvent(json: string): string {
  return `event: next\ndata: ${json}\n\n`;
}

/** A result that is not a stream, or the error that ended one, as the last events of a stream. */
export function onlyEvent(json: string): string {
  return nextEvent(json) + COMPLETE;
}

const BOUNDARY = 'graphql';
const DELIMITER = `\r\n--${BOUNDARY}`;

/**
 * Apollo's multipart protocol for subscriptions, `subscriptionSpec=1.0`. Each part ends with the delimiter of the next one: clients
 * read a part when they have seen its end.
 */
export const MULTIPART: EventFormat = {
  contentType: `multipart/mixed;boundary="${BOUNDARY}";subscriptionSpec=1.0`,
  start: DELIMITER,
  heartbeat: part('{}'),
  event: ({ json }) => part(`{"payload":${json}}`),
  end: (error) =>
    `${error === null ? '' : part(jsonOf({ payload: null, errors: formatErrors([error]) }))}--\r\n`,
};

function part(json: string): string {
  return `\r\nContent-Type: application/json\r\n\r\n${json}${DELIMITER}`;
}

function jsonOf(value: object): string {
  return byteString(JSON.stringify(value));
}

/** Whether a body of this content type is a stream of events. */
export function isEventStream(contentType: string): boolean {
  return /^(?:text\/event-stream|multipart\/mixed)\b/.test(contentType);
}
