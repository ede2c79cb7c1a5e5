import type { IncomingMessage, ServerResponse } from 'node:http';
import { preflightHeaders } from '../addresses/cross-origin.ts';
import { sendJson } from '../send-json.ts';

/** Files in transfer at a time. Each takes a connection to the source and about 100 KB. */
const MAX_IN_PROGRESS = 256;
const METHODS = 'GET, HEAD, OPTIONS';

/** Pages of any origin may show the files, like those of the public upstream: knowing the URL is the permission. */
export const FILE_CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'accept-ranges, content-disposition, content-length, content-range, etag, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
};

/** Answers requests for files: those that are allowed, and a limited number at a time. */
export class FileRequests {
  #inProgress = 0;

  /** @param send answers a GET or HEAD */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    send: (method: 'GET' | 'HEAD') => Promise<void>,
  ): Promise<void> {
    const { method, headers } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, { ...FILE_CORS, ...preflightHeaders(headers, METHODS), allow: METHODS }).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      sendJson(response, 405, { error: `Files support only ${METHODS}.` }, { ...FILE_CORS, allow: METHODS });
    } else if (this.#inProgress >= MAX_IN_PROGRESS) {
      const error = 'Too many files are being sent. Try again in a second.';
      sendJson(response, 503, { error }, { ...FILE_CORS, 'retry-after': '1' });
    } else {
      this.#inProgress += 1;
      try {
        await send(method);
      } finally {
        this.#inProgress -= 1;
      }
    }
  }
}
