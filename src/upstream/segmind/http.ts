import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import type { CallOptions } from '../video-upstream.ts';

/** What came of one HTTP exchange. */
export type HttpAnswer =
  /** The request was never sent: no connection could be made. */
  | { readonly type: 'not-sent'; readonly reason: string }
  /** The request may have been sent; no status line came back. */
  | { readonly type: 'lost'; readonly reason: string }
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly retryAfterMs: number | null;
      /** Null when the body could not be read to its end or was longer than allowed. */
      readonly body: string | null;
    };

/** One call to the upstream. */
export interface HttpCall extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** Bytes. */
  readonly maxBodyBytes: number;
}

/** Where to call and as whom. */
export interface HttpClientOptions {
  /** Origin, e.g. `https://api.segmind.com`. */
  readonly origin: string;
  /** Sent as `x-api-key`, and blotted out of every text that comes back. */
  readonly apiKey: string;
  /** Epoch milliseconds; for a Retry-After that names a date. */
  readonly now: () => number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Marks a failure to connect, whatever its cause (DNS, refused, TLS, timeout): nothing was sent. */
class NotConnectedError extends Error {}

/**
 * A minimal HTTP client that knows one thing more than others: whether a request that failed had been sent.
 * It follows no redirects, repeats nothing, and holds each call to its deadline.
 */
export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;
  readonly #oneShotAgent: Agent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ connect: markingConnector() });
    // A kept-alive connection may be dead before the request is written, which looks like a lost answer. For a POST
    // that would end a job that was never sent, so each gets a fresh connection (pipelining 0 = no keep-alive).
    this.#oneShotAgent = new Agent({ connect: markingConnector(), pipelining: 0 });
  }

  /** Makes one call. Never throws. */
  async call(call: HttpCall): Promise<HttpAnswer> {
    const { origin, apiKey, now } = this.#options;
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(new URL(call.path, origin), {
        method: call.method,
        headers: {
          'x-api-key': apiKey,
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: call.body ?? null,
        dispatcher: call.method === 'POST' ? this.#oneShotAgent : this.#agent,
        headersTimeout: call.timeoutMs,
        bodyTimeout: call.timeoutMs,
        signal,
      });
    } catch (error) {
      const reason = this.#redact(describeError(error));
      return error instanceof NotConnectedError ? { type: 'not-sent', reason } : { type: 'lost', reason };
    }
    const body = await readBody(answer.body, call.maxBodyBytes).catch(() => null);
    return {
      type: 'answered',
      status: answer.statusCode,
      retryAfterMs: parseRetryAfter(answer.headers['retry-after'], now()),
      body: body === null ? null : this.#redact(body),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#oneShotAgent.destroy()]);
  }

  /** An upstream that echoes the key in an error must not make us pass it on. */
  #redact(text: string): string {
    return text.replaceAll(this.#options.apiKey, '[redacted]');
  }
}

function markingConnector(): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error === null) callback(null, socket);
      else callback(new NotConnectedError(describeError(error), { cause: error }), null);
    });
  };
}

async function readBody(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(header: string | string[] | undefined, now: number): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text.trim() === '') return null;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer before the deadline';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [code, error.message].filter((part) => part !== '').join(': ') || error.name;
}
