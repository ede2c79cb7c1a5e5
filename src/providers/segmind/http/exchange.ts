import type { Dispatcher } from 'undici';
import type { CallOptions } from '../../video-upstream.ts';

/** A timer that fires later than this was delayed: the process was stopped, or the event loop was blocked. */
const LATE_MS = 500;
/** Time to read an answer from the socket after such a delay. */
const GRACE_MS = 2000;

/** By lower-case name; an array for a repeated header. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The outcome of one HTTP exchange. */
export type RawAnswer =
  /** No byte of the request was written. */
  | { readonly type: 'not-sent'; readonly error: unknown }
  /** The request may have been written; no status line came back. */
  | { readonly type: 'lost'; readonly error: unknown }
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly headers: AnswerHeaders;
      /** Null when the body was incomplete or longer than allowed. */
      readonly body: Buffer | null;
    };

/** Limits of one exchange. */
export interface ExchangeLimits extends CallOptions {
  /** Bytes. */
  readonly maxBodyBytes: number;
}

/**
 * Makes one HTTP exchange. It knows whether a failed request was written, and it can be aborted before the connection is open;
 * undici's own `request` offers neither. Never throws.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, signal, maxBodyBytes }: ExchangeLimits,
): Promise<RawAnswer> {
  if (signal.aborted) return { type: 'not-sent', error: signal.reason };
  const handler = new ExchangeHandler(maxBodyBytes);
  const onAbort = (): void => handler.cut(signal.reason);
  const stopDeadline = startDeadline({
    timeoutMs,
    mayHaveAnswer: () => handler.isSent,
    onTimeout: () => handler.cut(new Error('no answer before the deadline')),
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    dispatcher.dispatch(request, handler);
    return await handler.answer;
  } catch (error) {
    return { type: 'not-sent', error };
  } finally {
    stopDeadline();
    signal.removeEventListener('abort', onAbort);
  }
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #maxBodyBytes: number;
  readonly #settled = Promise.withResolvers<RawAnswer>();
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #over = false;
  /** Set when the connection is open and the request is about to be written. */
  #controller: Dispatcher.DispatchController | null = null;
  #head: { readonly status: number; readonly headers: AnswerHeaders } | null = null;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  get answer(): Promise<RawAnswer> {
    return this.#settled.promise;
  }

  /** Whether the request may have been written. */
  get isSent(): boolean {
    return this.#controller !== null;
  }

  /** Ends the exchange with the outcome so far. */
  cut(error: unknown): void {
    this.#fail(error);
    this.#controller?.abort(new Error('cut', { cause: error }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The connection opened too late. An abort here prevents that the request is written.
    if (this.#over) controller.abort(new Error('cut'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx are interim answers.
    if (status >= 200) this.#head = { status, headers };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    this.#length += chunk.length;
    if (this.#length > this.#maxBodyBytes) this.cut(new Error('the answer is too long'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head !== null) {
      this.#settle({ type: 'answered', ...this.#head, body: Buffer.concat(this.#chunks) });
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#head !== null) this.#settle({ type: 'answered', ...this.#head, body: null });
    else this.#settle({ type: this.#controller === null ? 'not-sent' : 'lost', error });
  }

  #settle(answer: RawAnswer): void {
    this.#over = true;
    this.#settled.resolve(answer);
  }
}

interface DeadlineOptions {
  readonly timeoutMs: number;
  /** Whether the socket may have an unread answer. */
  readonly mayHaveAnswer: () => boolean;
  readonly onTimeout: () => void;
}

/**
 * Starts a deadline for an answer. A timer alone would drop answers that arrived in time: after SIGSTOP, a suspended machine
 * or a long garbage collection, the event loop runs the expired timers before it reads the sockets. So the event loop reads
 * the sockets once more before the timeout. If the timer was more than 500 ms late, the event loop gets up to 2 seconds,
 * because one turn reads only a part of a long answer.
 *
 * @returns a function that stops the deadline
 */
function startDeadline({ timeoutMs, mayHaveAnswer, onTimeout }: DeadlineOptions): () => void {
  let timer: NodeJS.Timeout;
  let immediate: NodeJS.Immediate | undefined;
  const arm = (ms: number): void => {
    const runAt = performance.now() + ms;
    timer = setTimeout(() => {
      if (!mayHaveAnswer()) onTimeout();
      else if (performance.now() - runAt > LATE_MS) arm(GRACE_MS);
      // Immediates run after the event loop has read the sockets.
      else immediate = setImmediate(onTimeout);
    }, ms);
  };
  arm(timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
