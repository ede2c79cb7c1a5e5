import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import type { FileAnswer, FileClient } from '../../../providers/files/file-client.ts';
import { sendJson } from '../send-json.ts';
import { exactBytes } from './exact-bytes.ts';
import { FILE_CORS, type FileRequests } from './file-requests.ts';

/** Options of the media proxy. */
export interface MediaProxyOptions {
  /** Origin of the upstream. */
  readonly origin: string;
  /** May connect to the origin. */
  readonly files: Pick<FileClient, 'fetch'>;
  readonly requests: FileRequests;
  readonly events: EventEmitter;
}

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
/** Streams the images and videos of a local upstream to clients. */
export class MediaProxy {
  readonly #options: MediaProxyOptions;

  constructor(options: MediaProxyOptions) {
    this.#options = options;
  }

  /** @param path of the file at the upstream */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#options.requests.answer(path, request, response, async (method, onSent) => {
      const answer = await this.#fetch(path, method, request, response);
      if (answer !== null) await respond(answer, response, onSent);
    });
  }

  /** @returns null when the client has disconnected or the request was answered with an error */
  async #fetch(
    path: string,
    method: 'GET' | 'HEAD',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<FileAnswer | null> {
    const { origin, files, events } = this.#options;
    const disconnected = new AbortController();
    response.once('close', () => disconnected.abort());
    try {
      const headers = pick(request.headers, REQUEST_HEADERS);
      return await files.fetch({ url: origin + path, method, headers, signal: disconnected.signal });
    } catch (error) {
      if (disconnected.signal.aborted) return null;
      emitFault(events, 'server', 'error', 'a file of the upstream could not be fetched', {
        err: error,
        path,
      });
      sendJson(response, 502, { error: 'The upstream could not be reached. Try again later.' });
      return null;
    }
  }
}

async function respond(
  { status, headers, body }: FileAnswer,
  response: ServerResponse,
  onSent: (bytes: number) => void,
): Promise<void> {
  const type = mediaTypeOf(headers);
  const refuse = (shown: number, error: string, others: Readonly<Record<string, string>> = {}) => {
    body.destroy();
    sendJson(response, shown, { error }, others);
  };
  if (!STATUSES.has(status)) return refuse(502, `The upstream answered ${status}.`);
  if (status >= 400) {
    const others = { ...FILE_CORS, ...pick(headers, ['content-range']) };
    return refuse(status, 'The file, or the requested part of it, does not exist.', others);
  }
  if (status !== 304 && !TYPES.has(type)) {
    return refuse(502, `The upstream sent ${type}, which is not an image or a video.`);
  }
  response.writeHead(status, { ...pick(headers, RESPONSE_HEADERS), ...FILE_CORS });
  // Either side may end the transfer; then the other connection is closed.
  await pipeline(exactBytes(body, { skip: 0, length: null }, onSent), response).catch(() =>
    response.destroy(),
  );
}

/** A header that occurs twice is a list. */
type Headers = FileAnswer['headers'];

/** Empty when there is none. */
function mediaTypeOf(headers: Headers): string {
  const [type = ''] = String(headers['content-type'] ?? '').split(';');
  return type.trim().toLowerCase();
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
