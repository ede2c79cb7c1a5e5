import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { secretRedactor } from '../../../domain/redact.ts';
import type { EventEmitter, UpstreamCallEvent, UpstreamCallName } from '../../../events/gateway-events.ts';
import type { CallOptions } from '../../video-upstream.ts';
import { RATE_LIMIT_RESET_HEADER } from '../facts.ts';
import { createAgent, type ProxySettings } from './agent.ts';
import { type AnswerHeaders, exchange } from './exchange.ts';
import { clockOffset, parseHttpDate, parseRetryAfter, parseTime } from './times.ts';

/** The outcome of one call. */
export type HttpAnswer =
  /** The request was never sent: no connection was opened in time. */
  | {
      readonly type: 'not-sent';
      readonly reason: string;
      /** Present when this machine had no resources for a connection; it says nothing about the upstream. */
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
      /** Milliseconds to add to times of the upstream's clock to get ours; 0 when the answer has no time. */
      readonly clockOffsetMs: number;
      /** Null when the body was incomplete, could not be decoded, or was longer than allowed. */
      readonly bytes: Buffer | null;
      /** The same as text, with the key redacted and without a byte order mark. */
      readonly body: string | null;
    };

/** A body that is encoded while it is sent. */
export interface StreamedBody {
  readonly byteLength: number;
  chunks(): Iterable<string>;
}

/** One call to the upstream. */
export interface HttpCall extends CallOptions {
  /** For its event. */
  readonly name: UpstreamCallName;
  /** For its event; null: not known before the call. */
  readonly upstreamId?: string | null;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string | StreamedBody;
  /** Limits the received and the decoded body. */
  readonly maxBodyBytes: number;
}

/** What the event of a call says about its result. */
export type CallSummary = Pick<UpstreamCallEvent, 'outcome' | 'reason'> & {
  /** @default that of the call */
  readonly upstreamId?: string | null;
};

/** Origin, credentials and proxy of a client. */
export interface HttpClientOptions {
  /** Origin, e.g. `https://api.segmind.com`. */
  readonly origin: string;
  /** Sent as `x-api-key` unless empty, and redacted from every text that is returned. */
  readonly apiKey: string;
  /** Epoch milliseconds; for headers with a time. */
  readonly now: () => number;
  readonly events: EventEmitter;
  /** @default null, no proxy */
  readonly proxy?: ProxySettings | null;
}

/** A longer body is a video. A search for the escaped forms of the key would take milliseconds. */
const MAX_TEXT_LENGTH = 1024 * 1024;

const decoders = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};
/** Some servers send `deflate` without the zlib header of RFC 9110, 8.4.1.2. */
const rawDeflate = promisify(inflateRaw);

/**
 * A minimal HTTP client that knows whether a failed request was sent. It follows no redirects, repeats nothing, and ends
 * each call at its deadline.
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
    // A kept-alive connection may be dead before the request is written, which looks like a lost answer. That would fail a job
    // that was never sent, so each POST gets a new connection (pipelining 0 = no keep-alive).
    this.#oneShotAgent = createAgent({ ...connection, pipelining: 0 });
  }

  /**
   * Makes one call, reads the answer and emits `upstream:call`. Never throws.
   *
   * @param read must not throw
   */
  async call<T>(
    call: HttpCall,
    read: (answer: HttpAnswer) => T,
    summarize: (result: T, answer: HttpAnswer) => CallSummary,
  ): Promise<T> {
    const { now, events } = this.#options;
    const startedAt = now();
    const answer = await this.#exchange(call);
    const result = read(answer);
    const { name, job = null, upstreamId = null } = call;
    events.emit('upstream:call', {
      call: name,
      job,
      upstreamId,
      status: answer.type === 'answered' ? answer.status : null,
      startedAt,
      durationMs: now() - startedAt,
      ...summarize(result, answer),
    });
    return result;
  }

  async #exchange(call: HttpCall): Promise<HttpAnswer> {
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
        // `exchange` has its own deadline.
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
    // Aborts connection attempts, which `destroy` does not cover.
    this.#closing.abort();
  }

  /** The upstream may echo the key in an error. */
  #redact(text: string): string {
    const { apiKey } = this.#options;
    if (apiKey === '') return text;
    const withoutKey = text.replaceAll(apiKey, '[redacted]');
    return withoutKey.length > MAX_TEXT_LENGTH ? withoutKey : this.#redactForms(withoutKey);
  }
}

/**
 * Decodes the content encoding of a body. The client asks for `identity`, but some proxies ignore it.
 *
 * @param encodings the header: comma-separated names in the order in which they were applied
 * @param maxBytes of each decoded body
 * @returns null when the body is broken, too long when decoded, or has an encoding other than gzip, deflate and br
 */
async function decodeBody(body: Buffer, encodings: string, maxBytes: number): Promise<Buffer | null> {
  let decoded = body;
  try {
    for (const encoding of encodings.toLowerCase().split(',').toReversed()) {
      if (decoded.length > 0) decoded = await decode(decoded, encoding.trim(), maxBytes);
    }
  } catch {
    return null;
  }
  return decoded;
}

async function decode(body: Buffer, encoding: string, maxOutputLength: number): Promise<Buffer> {
  switch (encoding) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return await decoders.gzip(body, { maxOutputLength });
    case 'br':
      return await decoders.br(body, { maxOutputLength });
    case 'deflate':
      // The low half of a zlib header's first byte is 8 (RFC 1950). No compressed block of a raw stream begins like that.
      return await ((body[0] ?? 0) % 16 === 8 ? decoders.deflate : rawDeflate)(body, { maxOutputLength });
    default:
      throw new Error(`unknown content encoding: ${encoding}`);
  }
}

/** The first value of a header, trimmed; empty when there is none. */
function header(headers: AnswerHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
}

/**
 * Milliseconds until the rate limit's window resets. The upstream's own Date is compared, so that a wrong clock of this machine
 * does not matter.
 *
 * @param now epoch milliseconds of the upstream's clock where it is known
 */
function untilReset(headers: AnswerHeaders, now: number): number | null {
  const resetAt = parseTime(header(headers, RATE_LIMIT_RESET_HEADER));
  return resetAt === null ? null : Math.max(0, resetAt - now);
}

/** Error codes of resources that a process or machine can run out of. */
const SHORTAGES: ReadonlyMap<unknown, string> = new Map([
  ['EMFILE', 'this process has too many open files; raise its limit (ulimit -n, LimitNOFILE)'],
  ['ENFILE', 'this machine has too many open files; raise its limit (fs.file-max)'],
  ['ENOBUFS', 'this machine has no buffers left for a connection'],
  ['ENOMEM', 'this machine has no memory left for a connection'],
]);

/** The resource that this machine lacked, with the remedy; null for other errors. */
function shortageOf(error: unknown): string | null {
  // A DNS lookup without a file descriptor fails with any code.
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
