import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { preflightHeaders } from '../addresses/cross-origin.ts';
import { sendJson } from '../send-json.ts';
import { TransferRate } from './transfer-rate.ts';

/** Limits on the files in transfer at a time. */
export interface FileLimits {
  /** Each takes a connection to the source and about 100 KB. */
  readonly max: number;
  /** Of one file, so that the clients of one video do not take the places of all others. */
  readonly maxPerFile: number;
}

const LIMITS: FileLimits = { max: 256, maxPerFile: 32 };
/** The least of a video that plays; the same as for bodies of requests. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
const METHODS = 'GET, HEAD, OPTIONS';

/** Pages of any origin may show the files, like those of the public upstream: knowing the URL is the permission. */
export const FILE_CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'accept-ranges, content-disposition, content-length, content-range, etag, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
};

/** A request in progress. */
interface Place {
  readonly file: string;
  readonly response: ServerResponse;
  readonly rate: TransferRate;
}

/**
 * Answers requests for files: those that are allowed, and a limited number at a time. At a limit, the slowest transfer loses its place
 * to a new one if it is slower than any player needs, so that slow clients do not block others.
 */
export class FileRequests {
  readonly #now: () => number;
  readonly #events: EventEmitter;
  readonly #limits: FileLimits;
  readonly #places = new Set<Place>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number, events: EventEmitter, limits: FileLimits = LIMITS) {
    this.#now = now;
    this.#events = events;
    this.#limits = limits;
  }

  /**
   * @param file the same for all requests for one file
   * @param send answers a GET or HEAD, and reports the bytes that it sends
   */
  async answer(
    file: string,
    request: IncomingMessage,
    response: ServerResponse,
    send: (method: 'GET' | 'HEAD', onSent: (bytes: number) => void) => Promise<void>,
  ): Promise<void> {
    const { method, headers } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, { ...FILE_CORS, ...preflightHeaders(headers, METHODS), allow: METHODS }).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      sendJson(response, 405, { error: `Files support only ${METHODS}.` }, { ...FILE_CORS, allow: METHODS });
    } else if (!this.#makeRoom((place) => place.file === file, this.#limits.maxPerFile)) {
      refuse(response, 'This file is being sent too many times at once.');
    } else if (!this.#makeRoom(() => true, this.#limits.max)) {
      refuse(response, 'Too many files are being sent.');
    } else {
      const place: Place = { file, response, rate: new TransferRate(this.#now) };
      this.#places.add(place);
      try {
        await send(method, (bytes) => place.rate.add(bytes));
      } finally {
        this.#places.delete(place);
      }
    }
  }

  /** @returns false when there is no room for one more among the counted places */
  #makeRoom(counts: (place: Place) => boolean, limit: number): boolean {
    const places = [...this.#places].filter(counts);
    if (places.length < limit) return true;
    const [slowest] = places.toSorted((a, b) => a.rate.bytesPerSecond - b.rate.bytesPerSecond);
    if (slowest === undefined || slowest.rate.bytesPerSecond >= MIN_BYTES_PER_SECOND) return false;
    this.#places.delete(slowest);
    this.#events.emit('client:slow', { transport: 'http', consequence: 'closed' });
    slowest.response.destroy();
    return true;
  }
}

function refuse(response: ServerResponse, reason: string): void {
  const error = `${reason} Try again in a second.`;
  sendJson(response, 503, { error }, { ...FILE_CORS, 'retry-after': '1' });
}
