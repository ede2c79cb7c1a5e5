import type { IncomingHttpHeaders } from 'node:http';

/** What identifies the content of a file. */
export interface Validators {
  /** Strong. */
  readonly etag: string;
  /** As in the header Last-Modified. */
  readonly lastModified: string;
}

/** Evaluates the conditions of a request for a file that exists (RFC 9110, section 13.2.2). */
export function evaluate(headers: IncomingHttpHeaders, file: Validators): 'send' | 'not-modified' | 'failed' {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  const isOlder = (date: string | undefined) => Date.parse(date ?? '') < Date.parse(file.lastModified);
  if (match === undefined ? isOlder(headers['if-unmodified-since']) : !names(match, file.etag))
    return 'failed';
  if (noneMatch !== undefined) return names(noneMatch, file.etag, true) ? 'not-modified' : 'send';
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Number.isNaN(since) || isOlder(headers['if-modified-since']) ? 'send' : 'not-modified';
}

/** Whether the Range header counts: without If-Range, or when the client's part is of this file. */
export function isRangeCurrent({ 'if-range': condition }: IncomingHttpHeaders, file: Validators): boolean {
  return condition === undefined || condition === file.etag || condition === file.lastModified;
}

/** @param isWeak whether weak tags are compared too */
function names(header: string, etag: string, isWeak = false): boolean {
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === etag || (isWeak && tag === `W/${etag}`);
  });
}
