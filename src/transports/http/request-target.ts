import type { IncomingMessage } from 'node:http';
import { rememberLast } from './remember-last.ts';
import { GRAPHQL_PATH } from './graphql/yoga.ts';

/** The answer to a refused request. */
export interface HttpRefusal {
  readonly status: number;
  readonly error: object;
}

/** Removes the prefix of PUBLIC_URL from the request's URL, unless a proxy has done so. */
export function removePrefix(request: IncomingMessage, prefix: string): void {
  if (prefix !== '' && request.url?.startsWith(`${prefix}/`) === true)
    request.url = request.url.slice(prefix.length);
}

/** The path of a request, without the query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/**
 * Refuses a request without exactly one valid Host header: two servers in a row could each use another one. Yoga would answer an
 * invalid one with a stack trace.
 *
 * @returns null for a valid one
 */
export function wrongHost(request: IncomingMessage): HttpRefusal | null {
  const { url = '/', headers, rawHeaders } = request;
  const { host = 'localhost' } = headers;
  const isRight = url === GRAPHQL_PATH ? isHost(host) : URL.canParse(`http://${host}${url}`);
  if (isRight && countOfHosts(rawHeaders) <= 1) return null;
  return {
    status: 400,
    error: { message: 'The request must have exactly one Host header with a valid host.' },
  };
}

/** @param rawHeaders names and values in turn */
function countOfHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host',
  ).length;
}

const isHost = rememberLast((host) => URL.canParse(`http://${host}${GRAPHQL_PATH}`));
