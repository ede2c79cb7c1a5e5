import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { sendJson } from '../send-json.ts';

/** Options of the media proxy. */
export interface MediaProxyOptions {
  /** Origin of the upstream. */
  readonly origin: string;
  /** Connects to the upstream. */
  readonly dispatcher: Dispatcher;
  readonly log: { error(details: object, message: string): void };
  /** Milliseconds until the upstream begins to answer, and between two parts of its answer. @default 10_000 */
  readonly timeoutMs?: number;
}

const UPSTREAM_TIMEOUT_MS = 10_000;
/** Files in transfer at a time. Each takes a connection to the upstream and about 100 KB. */
const MAX_IN_PROGRESS = 256;
const METHODS = 'GET, HEAD, OPTIONS';
const REQUEST_HEADERS = ['range', 'if-range', 'if-none-match', 'if-modified-since'] as const;
const RESPONSE_HEADERS = [
  'accept-ranges',
  'cache-control',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
] as const;
const STATUSES: ReadonlySet<number> = new Set([200, 206, 304, 404, 410, 416]);
/** Allowed media types. A file of another type could be a page, which would run with the gateway's origin. */
const TYPES: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'video/webm',
]);
/** Pages of any origin may show the files, like those of the public upstream: knowing the URL is the permission. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
  'cross-origin-resource-policy': 'cross-origin',
};

/** Streams the images and videos of a local upstream to clients. */
export class MediaProxy {
  readonly #options: MediaProxyOptions;
  #inProgress = 0;

  constructor(options: MediaProxyOptions) {
    this.#options = options;
  }

  /** @param path of the file at the upstream */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method } = request;
    if (method === 'OPTIONS') {
      const allowed = { 'access-control-allow-methods': METHODS, 'access-control-allow-headers': 'range' };
      response.writeHead(204, { ...CORS, ...allowed, allow: METHODS }).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      sendJson(response, 405, { error: `Files support only ${METHODS}.` }, { allow: METHODS });
    } else if (this.#inProgress >= MAX_IN_PROGRESS) {
      sendJson(
        response,
        503,
        { error: 'Too many files are being sent. Try again in a second.' },
        { 'retry-after': '1' },
      );
    } else {
      this.#inProgress += 1;
      try {
        await this.#passOn(path, method, request, response);
      } finally {
        this.#inProgress -= 1;
      }
    }
  }

  async #passOn(
    path: string,
    method: 'GET' | 'HEAD',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { origin, dispatcher, log, timeoutMs = UPSTREAM_TIMEOUT_MS } = this.#options;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    let answer: Dispatcher.ResponseData;
    try {
      answer = await dispatcher.request({
        origin,
        path,
        method,
        headers: pick(request.headers, REQUEST_HEADERS),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: gone.signal,
      });
    } catch (error) {
      if (gone.signal.aborted) return;
      log.error({ err: error, path }, 'a file of the upstream could not be fetched');
      return sendJson(response, 502, { error: 'The upstream could not be reached. Try again later.' });
    }
    // A discarded body has no reader for its errors, and an unhandled error would end the process.
    answer.body.on('error', () => {});
    const type = String(answer.headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim()
      .toLowerCase();
    if (!STATUSES.has(answer.statusCode)) {
      answer.body.destroy();
      sendJson(response, 502, { error: `The upstream answered ${answer.statusCode}.` });
    } else if (answer.statusCode >= 400) {
      answer.body.destroy();
      const range = pick(answer.headers, ['content-range']);
      sendJson(
        response,
        answer.statusCode,
        { error: 'The file, or the requested part of it, does not exist.' },
        { ...CORS, ...range },
      );
    } else if (answer.statusCode !== 304 && !TYPES.has(type ?? '')) {
      answer.body.destroy();
      sendJson(response, 502, { error: `The upstream sent ${type}, which is not an image or a video.` });
    } else {
      response.writeHead(answer.statusCode, { ...pick(answer.headers, RESPONSE_HEADERS), ...CORS });
      // Either side may end the transfer; then the other connection is closed.
      await pipeline(answer.body, response).catch(() => response.destroy());
    }
  }
}

function pick(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string | string[]> {
  const picked: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
