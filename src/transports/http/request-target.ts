import type { IncomingMessage } from 'node:http';
import { rememberLast } from './remember-last.ts';
import { GRAPHQL_PATH } from './graphql/yoga.ts';

/** An answer instead of what was asked for. */
export interface HttpRefusal {
  readonly status: number;
  readonly error: object;
}

/** Removes the prefix of PUBLIC_URL from the request's URL, unless a proxy has done so. */
export function removePrefix(request: IncomingMessage, prefix: string): void {
  if (prefix !== '' && request.url?.startsWith(`${prefix}/`) === true)
    request.url = request.url.slice(prefix.length);
}

/** Without the query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/**
 * Two servers in a row could each believe another Host. Yoga reads the URL with the Host before it, and would answer a
 * wrong one with a stack trace.
 */
export function wrongHost(request: IncomingMessage): HttpRefusal | null {
  const { url = '/', headers, rawHeaders } = request;
  const { host = 'localhost' } = headers;
  const isRight = url === GRAPHQL_PATH ? isHost(host) : URL.canParse(`http://${host}${url}`);
  if (isRight && countOfHosts(rawHeaders) <= 1) return null;
  return {
    status: 400,
    error: { message: 'The Host header is wrong: there must be one, with a host and no more.' },
  };
}

/** @param rawHeaders names and values in turn */
function countOfHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host',
  ).length;
}

const isHost = rememberLast((host) => URL.canParse(`http://${host}${GRAPHQL_PATH}`));
