import { FileRefusedError } from './files/file-refused-error.ts';
import { GuardedAgents, type GuardedAgentsOptions } from './files/guarded-agents.ts';
import { NameLookupError } from './files/name-lookup.ts';
import { parseRetryAfter } from './segmind/http/times.ts';

export interface MessageClientOptions extends GuardedAgentsOptions {
  /** Milliseconds for one request, from the resolution of the name to the headers of the answer. */
  readonly timeoutMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A message to a receiver. */
export interface Message {
  readonly url: URL;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** Aborts the request. */
  readonly signal: AbortSignal;
}

/** The outcome of a request. A message without an answer may have arrived. */
export type MessageOutcome =
  | {
      readonly type: 'answered';
      readonly status: number;
      /** By `Retry-After`, from now; null: none. */
      readonly retryAfterMs: number | null;
    }
  /** The reason is a sentence for the receiver's owner, so it names no address. */
  | { readonly type: 'unanswered'; readonly reason: string };

/** Bytes of an answer's body that are read, so that the connection can be used again; it is closed when there are more. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** Milliseconds for that body: a receiver that never ends its answers would hold a connection for each. */
const ANSWER_BODY_MS = 1000;
/** Interim answers (1xx) to one request: without a limit a receiver could send them as fast as the line allows until the timeout. */
const MAX_INTERIM_ANSWERS = 100;

/** POSTs JSON to receivers. It follows no redirects: they could lead to URLs that are not allowed. */
export class MessageClient implements AsyncDisposable {
  readonly #options: MessageClientOptions;
  readonly #agents: GuardedAgents;

  constructor(options: MessageClientOptions) {
    this.#options = options;
    this.#agents = new GuardedAgents(options);
  }

  /** Sends a message once. Never rejects. */
  async post({ url, headers, body, signal }: Message): Promise<MessageOutcome> {
    const { timeoutMs, now } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const flooded = new AbortController();
    let interimAnswers = 0;
    try {
      const answer = await this.#agents.of(url).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: { 'user-agent': 'reelgate', 'content-type': 'application/json', ...headers },
        body,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: AbortSignal.any([signal, timeout, flooded.signal]),
        onInfo: () => {
          interimAnswers += 1;
          if (interimAnswers > MAX_INTERIM_ANSWERS) flooded.abort();
        },
      });
      const { 'retry-after': retryAfter } = answer.headers;
      // The status is the answer, whatever becomes of the body.
      const signalOfBody = AbortSignal.timeout(ANSWER_BODY_MS);
      answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: signalOfBody }).catch(() => {});
      return {
        type: 'answered',
        status: answer.statusCode,
        retryAfterMs: typeof retryAfter === 'string' ? parseRetryAfter(retryAfter, now()) : null,
      };
    } catch (error) {
      if (flooded.signal.aborted)
        return { type: 'unanswered', reason: 'The target sent too many interim answers.' };
      if (timeout.aborted)
        return { type: 'unanswered', reason: `No answer came within ${timeoutMs / 1000} seconds.` };
      // Nothing here has aborted it: the proxy has not answered CONNECT with 200.
      const isRefusedByProxy = codeOf(error) === 'UND_ERR_ABORTED' && !signal.aborted;
      const reason = isRefusedByProxy ? "The gateway's proxy refused the connection." : reasonOf(error);
      return { type: 'unanswered', reason };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents[Symbol.asyncDispose]();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FileRefusedError) return 'The host of the URL has no public address.';
  if (error instanceof NameLookupError) return `The connection failed: ${error.message}.`;
  const code = codeOf(error);
  return code === null ? 'The connection failed.' : `The connection failed (${code}).`;
}

/** The code of the system, of TLS or of undici; that of the first address when all of a host's addresses failed. */
function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
