import type { IncomingMessage } from 'node:http';
import { GRAPHQL_PATH } from '../graphql/exchange.ts';

/** The scheme, host and port; then the path and the query. */
const ABSOLUTE = /^https?:\/\/([^/?#@\\]+)(?=[/?]|$)([^#]*)$/i;

/**
 * Turns an absolute target (`POST http://host/graphql HTTP/1.1`), which clients send to a proxy, into a path and a Host. Its host
 * replaces that of the Host header (RFC 9112, section 3.2.2), so that one host is checked and used everywhere.
 *
 * @returns false for a target that is neither a path nor the URL of one
 */
export function toOriginForm(request: IncomingMessage): boolean {
  const { url = '/' } = request;
  if (url.startsWith('/')) return true;
  const [, host, path = ''] = ABSOLUTE.exec(url) ?? [];
  if (host === undefined) return isOfServer(request);
  request.headers.host = host;
  request.url = path.startsWith('/') ? path : `/${path}`;
  return true;
}

/** Whether a request asks about the server as a whole: `OPTIONS *` (RFC 9110, section 9.3.7). */
export function isOfServer({ method, url }: IncomingMessage): boolean {
  return method === 'OPTIONS' && url === '*';
}

const WITH_SLASH = `${GRAPHQL_PATH}/`;

/**
 * Removes the slash that some clients and proxies add to the endpoint's path.
 *
 * @returns whether there was one
 */
export function removeTrailingSlash(request: IncomingMessage): boolean {
  const { url = '/' } = request;
  if (!url.startsWith(WITH_SLASH)) return false;
  const query = url.slice(WITH_SLASH.length);
  if (query !== '' && !query.startsWith('?')) return false;
  request.url = GRAPHQL_PATH + query;
  return true;
}

/** The path of a request, without the query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
