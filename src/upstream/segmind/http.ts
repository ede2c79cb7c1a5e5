import { Agent, buildConnector } from 'undici';
import type { CallOptions } from '../video-upstream.ts';
import { exchange } from './exchange.ts';

/** What came of one call. */
export type HttpAnswer =
  /** The request was never sent: no connection could be made in time. */
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
  /** JSON. */
  readonly body?: string | Uint8Array;
  /** Bytes. */
  readonly maxBodyBytes: number;
}

/** Where to call and as whom. */
export interface HttpClientOptions {
  /** Origin, e.g. `https://api.segmind.com`. */
  readonly origin: string;
  /** Sent as `x-api-key` unless empty, and blotted out of every text that comes back. */
  readonly apiKey: string;
  /** Epoch milliseconds; for a Retry-After that names a date. */
  readonly now: () => number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A minimal HTTP client that knows one thing more than others: whether a request that failed had been sent.
 * It follows no redirects, repeats nothing, and holds each call to its deadline.
 */
export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  readonly #origin: string;
  readonly #closing = new AbortController();
  readonly #agent: Agent;
  readonly #oneShotAgent: Agent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#origin = new URL(options.origin).origin;
    // HTTP/1.1 only: over HTTP/2 undici shares one connection among all calls and repeats some requests by itself.
    const allowH2 = false;
    const connect = buildConnector({ allowH2, timeout: CONNECT_TIMEOUT_MS, signal: this.#closing.signal });
    this.#agent = new Agent({ allowH2, connect });
    // A kept-alive connection may be dead before the request is written, which looks like a lost answer. For a POST
    // that would end a job that was never sent, so each gets a fresh connection (pipelining 0 = no keep-alive).
    this.#oneShotAgent = new Agent({ allowH2, connect, pipelining: 0 });
  }

  /** Makes one call. Never throws. */
  async call(call: HttpCall): Promise<HttpAnswer> {
    const { apiKey, now } = this.#options;
    const answer = await exchange(
      call.method === 'POST' ? this.#oneShotAgent : this.#agent,
      {
        origin: this.#origin,
        path: call.path,
        method: call.method,
        headers: {
          ...(apiKey === '' ? {} : { 'x-api-key': apiKey }),
          'user-agent': 'reelgate',
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: call.body ?? null,
        // The exchange's own deadline holds instead.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      call,
    );
    if (answer.type !== 'answered') {
      return { type: answer.type, reason: this.#redact(describeError(answer.error)) };
    }
    return {
      type: 'answered',
      status: answer.status,
      retryAfterMs: parseRetryAfter(answer.headers['retry-after'], now()),
      body: answer.body === null ? null : this.#redact(answer.body.toString('utf8')),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#oneShotAgent.destroy()]);
    // Connections that are still being made are not the agents' yet.
    this.#closing.abort();
  }

  /** An upstream that echoes the key in an error must not make us pass it on. */
  #redact(text: string): string {
    const { apiKey } = this.#options;
    return apiKey === '' ? text : text.replaceAll(apiKey, '[redacted]');
  }
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), in whole milliseconds from now; null for anything else. */
function parseRetryAfter(header: string | string[] | undefined, now: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // Date.parse alone would read a year into many a text.
  const date = /^[A-Z][a-z]{2}, .* GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [code, error.message].filter((part) => part !== '').join(': ') || error.name;
}
