import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { secretRedactor } from '../../../domain/redact.ts';
import type { CallOptions } from '../../video-upstream.ts';
import { createAgent, type ProxySettings } from './agent.ts';
import { decodeBody } from './content-encoding.ts';
import { type AnswerHeaders, exchange } from './exchange.ts';
import { clockOffset, parseHttpDate, parseRetryAfter, parseTime } from './times.ts';

/** What came of one call. */
export type HttpAnswer =
  /** The request was never sent: no connection could be made in time. */
  | {
      readonly type: 'not-sent';
      readonly reason: string;
      /** Present when this machine lacked what a connection takes, so that nothing is known of the upstream. */
      readonly local?: true;
    }
  /** The request may have been sent; no status line came back. */
  | { readonly type: 'lost'; readonly reason: string }
  | {
      readonly type: 'answered';
      readonly status: number;
      /** The media type of the body in lower case, without parameters; empty when the answer names none. */
      readonly mediaType: string;
      readonly retryAfterMs: number | null;
      /** Milliseconds to add to times of the upstream's clock to get ours; 0 when the answer does not tell its time. */
      readonly clockOffsetMs: number;
      /** Null when the body could not be read to its end, or decoded, or was longer than allowed. */
      readonly bytes: Buffer | null;
      /** The same as text, without the key and without a byte order mark. */
      readonly body: string | null;
    };

/** A body that is made as it is sent. */
export interface StreamedBody {
  readonly byteLength: number;
  chunks(): Iterable<string>;
}

/** One call to the upstream. */
export interface HttpCall extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string | StreamedBody;
  /** Bytes, as sent and as decoded. */
  readonly maxBodyBytes: number;
}

/** Where to call and as whom. */
export interface HttpClientOptions {
  /** Origin, e.g. `https://api.segmind.com`. */
  readonly origin: string;
  /** Sent as `x-api-key` unless empty, and blotted out of every text that comes back. */
  readonly apiKey: string;
  /** Epoch milliseconds; for headers that name a time. */
  readonly now: () => number;
  /** @default null, no proxy */
  readonly proxy?: ProxySettings | null;
}

/** A longer body is a video. To look for the escaped forms of the key in it takes milliseconds. */
const MAX_TEXT_LENGTH = 1024 * 1024;

/**
 * A minimal HTTP client that knows one thing more than others: whether a request that failed had been sent.
 * It follows no redirects, repeats nothing, and holds each call to its deadline.
 */
export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  readonly #origin: string;
  readonly #redactForms: (text: string) => string;
  readonly #closing = new AbortController();
  readonly #agent: Dispatcher;
  readonly #oneShotAgent: Dispatcher;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#redactForms = secretRedactor([options.apiKey]);
    this.#origin = new URL(options.origin).origin;
    const connection = { proxy: options.proxy ?? null, signal: this.#closing.signal };
    this.#agent = createAgent(connection);
    // A kept-alive connection may be dead before the request is written, which looks like a lost answer. For a POST
    // that would end a job that was never sent, so each gets a fresh connection (pipelining 0 = no keep-alive).
    this.#oneShotAgent = createAgent({ ...connection, pipelining: 0 });
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
          'accept-encoding': 'identity',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(typeof call.body === 'object' ? { 'content-length': String(call.body.byteLength) } : {}),
        },
        body:
          typeof call.body === 'object'
            ? Readable.from(call.body.chunks(), { highWaterMark: 1 })
            : (call.body ?? null),
        // The exchange's own deadline holds instead.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      call,
    );
    if (answer.type !== 'answered') {
      const { type, error } = answer;
      const shortage = type === 'not-sent' ? shortageOf(error) : null;
      if (shortage !== null) return { type: 'not-sent', reason: shortage, local: true };
      return { type, reason: this.#redact(describeError(error)) };
    }
    const { status, headers } = answer;
    const receivedAt = now();
    const date = parseHttpDate(header(headers, 'date'));
    const encodings = header(headers, 'content-encoding');
    const bytes = answer.body === null ? null : await decodeBody(answer.body, encodings, call.maxBodyBytes);
    const [mediaType = ''] = header(headers, 'content-type').toLowerCase().split(';');
    return {
      type: 'answered',
      status,
      mediaType: mediaType.trim(),
      retryAfterMs:
        parseRetryAfter(header(headers, 'retry-after'), receivedAt) ??
        (status === 429 ? untilReset(headers, date ?? receivedAt) : null),
      clockOffsetMs: clockOffset(date, receivedAt),
      bytes,
      body: bytes === null ? null : this.#redact(bytes.toString('utf8').replace(/^\ufeff/, '')),
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
    if (apiKey === '') return text;
    const withoutKey = text.replaceAll(apiKey, '[redacted]');
    return withoutKey.length > MAX_TEXT_LENGTH ? withoutKey : this.#redactForms(withoutKey);
  }
}

/** The first value of a header, trimmed; empty when there is none. */
function header(headers: AnswerHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
}

/**
 * The vendor's own header at 429 says when the rate limit's window resets [profile]. The format is unknown, and so is
 * whose clock is right: the difference to the upstream's own Date does not depend on ours.
 *
 * @param now epoch milliseconds of the upstream's clock where it is known
 */
function untilReset(headers: AnswerHeaders, now: number): number | null {
  const resetAt = parseTime(header(headers, 'x-rate-limit-reset-at-utc'));
  return resetAt === null ? null : Math.max(0, resetAt - now);
}

/** What a connection takes and a process or a machine can run out of. */
const SHORTAGES: ReadonlyMap<unknown, string> = new Map([
  ['EMFILE', 'this process has too many open files; raise its limit (ulimit -n, LimitNOFILE)'],
  ['ENFILE', 'this machine has too many open files; raise its limit (fs.file-max)'],
  ['ENOBUFS', 'this machine has no buffers left for a connection'],
  ['ENOMEM', 'this machine has no memory left for a connection'],
]);

/** What this machine lacked, with the remedy; null when an error says nothing of that. */
function shortageOf(error: unknown): string | null {
  // A look-up that lacks a file descriptor fails with any code.
  const isLookUp = error instanceof Error && 'syscall' in error && error.syscall === 'getaddrinfo';
  const code = isLookUp ? codeOf(tryDescriptor()) : codeOf(error);
  const words = SHORTAGES.get(code);
  return words === undefined ? null : `${String(code)}: ${words}`;
}

function tryDescriptor(): unknown {
  try {
    closeSync(openSync(devNull, 'r'));
    return null;
  } catch (error) {
    return error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [code, error.message].filter((part) => part !== '').join(': ') || error.name;
}
