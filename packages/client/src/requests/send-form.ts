import { onAbort } from '../connection/abort.ts';
import type { Answer } from '../connection/http.ts';
import { noAnswer, send } from '../connection/send.ts';

/** What to send. */
export interface FormRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: FormData;
  /** Called with the sent share, and with 1 when the answer has arrived. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds without progress after which an upload has failed. The gateway has 60 seconds for its own transfer. */
const STALLED_MS = 90_000;

/** Sends a form. Browsers report the progress by XMLHttpRequest only. @throws ReelgateError without an answer; the reason of `signal` */
export async function sendForm(request: FormRequest): Promise<Answer> {
  request.onProgress(0);
  const { XMLHttpRequest: Request }: { readonly XMLHttpRequest?: new () => FormSender } = globalThis;
  const answer = await (Request === undefined ? byFetch(request) : bySender(new Request(), request));
  request.onProgress(1);
  return answer;
}

/** As bytes: Node's fetch causes an unhandled rejection when a form is aborted. */
async function byFetch({ url, headers, body, signal }: FormRequest): Promise<Answer> {
  const form = new Response(body);
  const type = form.headers.get('content-type') ?? '';
  return send(url, { ...headers, 'content-type': type }, await form.arrayBuffer(), signal);
}

/** The part of XMLHttpRequest that is used. */
interface FormSender {
  readonly status: number;
  readonly responseText: string;
  readonly upload: {
    addEventListener(
      type: 'progress',
      listener: (event: { readonly loaded: number; readonly total: number }) => void,
    ): void;
  };
  addEventListener(type: 'loadend', listener: () => void): void;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: FormData): void;
  abort(): void;
}

function bySender(
  sender: FormSender,
  { url, headers, body, onProgress, signal }: FormRequest,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The token may have taken long. XMLHttpRequest reports no abort before it sends.
    signal.throwIfAborted();
    const abort = (): void => sender.abort();
    const expectProgress = (): ReturnType<typeof setTimeout> => setTimeout(abort, STALLED_MS);
    let timer = expectProgress();
    sender.upload.addEventListener('progress', ({ loaded, total }) => {
      clearTimeout(timer);
      timer = expectProgress();
      // The answer is missing, so it is not done.
      onProgress(Math.min(loaded / total, 0.99));
    });
    sender.addEventListener('loadend', () => {
      clearTimeout(timer);
      ignoreAbort();
      const { status, responseText: text } = sender;
      if (signal.aborted) reject(signal.reason);
      else if (status === 0) noAnswer(url, signal).then(reject, reject);
      else resolve({ status, text, retryAfter: sender.getResponseHeader('retry-after') });
    });
    sender.open('POST', url);
    for (const [name, value] of Object.entries(headers)) sender.setRequestHeader(name, value);
    sender.send(body);
    const ignoreAbort = onAbort(signal, abort);
  });
}
