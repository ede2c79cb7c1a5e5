import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { preflightHeaders } from '../addresses/cross-origin.ts';
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
      response
        .writeHead(204, { ...CORS, ...preflightHeaders(request.headers, METHODS), allow: METHODS })
        .end();
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
        const answer = await this.#fetch(path, method, request, response);
        if (answer !== null) await respond(answer, response);
      } finally {
        this.#inProgress -= 1;
      }
    }
  }

  /** @returns null when the client has disconnected or the request was answered with an error */
  async #fetch(
    path: string,
    method: 'GET' | 'HEAD',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Dispatcher.ResponseData | null> {
    const { origin, dispatcher, log, timeoutMs = UPSTREAM_TIMEOUT_MS } = this.#options;
    const disconnected = new AbortController();
    response.once('close', () => disconnected.abort());
    try {
      return await dispatcher.request({
        origin,
        path,
        method,
        headers: pick(request.headers, REQUEST_HEADERS),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: disconnected.signal,
      });
    } catch (error) {
      if (disconnected.signal.aborted) return null;
      log.error({ err: error, path }, 'a file of the upstream could not be fetched');
      sendJson(response, 502, { error: 'The upstream could not be reached. Try again later.' });
      return null;
    }
  }
}

async function respond(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  response: ServerResponse,
): Promise<void> {
  // A discarded body has no reader for its errors, and an unhandled error would end the process.
  body.on('error', () => {});
  const type = mediaTypeOf(headers);
  const refuse = (status: number, error: string, others: Readonly<Record<string, string>> = {}) => {
    body.destroy();
    sendJson(response, status, { error }, others);
  };
  if (!STATUSES.has(statusCode)) return refuse(502, `The upstream answered ${statusCode}.`);
  if (statusCode >= 400) {
    const others = { ...CORS, ...pick(headers, ['content-range']) };
    return refuse(statusCode, 'The file, or the requested part of it, does not exist.', others);
  }
  if (statusCode !== 304 && !TYPES.has(type)) {
    return refuse(502, `The upstream sent ${type}, which is not an image or a video.`);
  }
  response.writeHead(statusCode, { ...pick(headers, RESPONSE_HEADERS), ...CORS });
  // Either side may end the transfer; then the other connection is closed.
  await pipeline(body, response).catch(() => response.destroy());
}

/** A header that occurs twice is a list. */
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Empty when there is none. */
function mediaTypeOf(headers: Headers): string {
  const [type = ''] = String(headers['content-type'] ?? '').split(';');
  return type.trim().toLowerCase();
}

function pick(headers: Headers, names: readonly string[]): Record<string, string | string[]> {
  const picked: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
