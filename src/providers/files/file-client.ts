import type { Readable } from 'node:stream';
import { FileRefusedError } from './file-refused-error.ts';
import { GuardedAgents, type GuardedAgentsOptions } from './guarded-agents.ts';

/** Options of the client. */
export interface FileClientOptions extends Pick<GuardedAgentsOptions, 'proxy' | 'lookup'> {
  /** Origins that may have private addresses: those of the upstream, such as the sandbox. */
  readonly trustedOrigins: readonly string[];
  /** Milliseconds until the headers of an answer, and between two parts of its body. @default 15_000 */
  readonly idleTimeoutMs?: number;
}

/** A request for a file or a part of it. */
export interface FileRequest {
  /** http or https. */
  readonly url: string;
  /** @default 'GET' */
  readonly method?: 'GET' | 'HEAD';
  /** Such as `range` and `if-range`, in lower case; never credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request and its body. The caller bounds the whole time by it. */
  readonly signal: AbortSignal;
}

/** The answer after all redirects, of any status. */
export interface FileAnswer {
  readonly status: number;
  /** By lower-case name; an array for a repeated header. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller reads or destroys it. Errors without another listener are ignored. */
  readonly body: Readable;
}

const IDLE_TIMEOUT_MS = 15_000;
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches files at URLs that the upstream has given. Such a URL may lead anywhere, so hosts other than the trusted origins must be on
 * the public internet, also after each redirect; see `GuardedAgents`. Sends no API key, no cookies, and no credentials of the URL.
 */
export class FileClient implements AsyncDisposable {
  readonly #options: FileClientOptions;
  readonly #agents: GuardedAgents;

  constructor(options: FileClientOptions) {
    this.#options = options;
    const trusted = new Set(options.trustedOrigins);
    this.#agents = new GuardedAgents({ ...options, isTrusted: (origin) => trusted.has(origin) });
  }

  /**
   * Makes a request and follows redirects.
   *
   * @throws FileRefusedError when the URL or a redirect is forbidden; the signal's reason; any other error: no answer, try again later
   */
  async fetch(request: FileRequest): Promise<FileAnswer> {
    let url = parse(request.url);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#send(url, request);
      const location = REDIRECTS.has(answer.status) ? locationOf(answer) : null;
      if (location === null) return answer;
      answer.body.destroy();
      if (redirects === MAX_REDIRECTS) {
        throw new FileRefusedError(`the file has more than ${MAX_REDIRECTS} redirects`);
      }
      url = redirected(url, location);
    }
  }

  /** Aborts the requests in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents[Symbol.asyncDispose]();
  }

  async #send(url: URL, { method = 'GET', headers, signal }: FileRequest): Promise<FileAnswer> {
    const { idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options;
    const answer = await this.#agents.of(url).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': 'reelgate', 'accept-encoding': 'identity', ...headers },
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      signal,
    });
    // A body that is destroyed emits an error, and an unhandled error would end the process.
    answer.body.on('error', () => {});
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }
}

function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null) throw new FileRefusedError('the URL of the file is not valid');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FileRefusedError(`the URL of the file begins with ${url.protocol}, not with http: or https:`);
  }
  return url;
}

function redirected(from: URL, location: string): URL {
  const url = parse(location, from);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw new FileRefusedError(`a redirect leads from https to http at ${url.host}`);
  }
  return url;
}

function locationOf({ headers }: FileAnswer): string | null {
  const { location } = headers;
  return typeof location === 'string' && location !== '' ? location : null;
}
