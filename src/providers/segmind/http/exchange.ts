import type { Dispatcher } from 'undici';
import type { CallOptions } from '../../video-upstream.ts';
import { startDeadline } from './deadline.ts';

/** By lower-case name; an array where the answer repeats one. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What came of one HTTP exchange. */
export type RawAnswer =
  /** Not one byte of the request was written. */
  | { readonly type: 'not-sent'; readonly error: unknown }
  /** The request may have been written; no status line came back. */
  | { readonly type: 'lost'; readonly error: unknown }
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly headers: AnswerHeaders;
      /** Null when the body could not be read to its end or was longer than allowed. */
      readonly body: Buffer | null;
    };

/** Bounds of one exchange. */
export interface ExchangeLimits extends CallOptions {
  /** Bytes. */
  readonly maxBodyBytes: number;
}

/**
 * Makes one HTTP exchange. undici's own `request` does not tell whether a request that failed had been written, and
 * hears an abort only once it has a connection; this does both. Never throws.
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
    mayBeAnswered: () => handler.isSent,
    onPassed: () => handler.cut(new Error('no answer before the deadline')),
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
  /** Set once a connection is there and the request is about to be written. */
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

  /** Ends the exchange with what is known by now. */
  cut(error: unknown): void {
    this.#fail(error);
    this.#controller?.abort(new Error('cut', { cause: error }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The connection came too late: aborted here, the request is never written.
    if (this.#over) controller.abort(new Error('cut'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx announce the answer, they are not it.
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
