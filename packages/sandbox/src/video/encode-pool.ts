import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { EncodeResponse, EncodeRequest, EncodeResult, EncodeTask } from './encode-task.ts';

/** Threads at most. */
const MAX_THREADS = 2;
/** After this a thread is taken for stuck, and ended. */
const TASK_MS = 60_000;

/** Beside this file: TypeScript when run from the sources, JavaScript when built. */
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './encode-worker.ts' : './encode-worker.js',
  import.meta.url,
);

interface Waiting extends EncodeRequest {
  readonly resolve: (result: EncodeResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Null: idle. */
  busy: { readonly waiting: Waiting; readonly deadline: NodeJS.Timeout } | null;
}

/** Drawing and encoding in worker threads, which are started when there is work, and kept. */
export class EncodePool implements AsyncDisposable {
  readonly #limit = Math.min(MAX_THREADS, availableParallelism());
  readonly #queue: Waiting[] = [];
  readonly #threads = new Set<Thread>();
  #lastId = 0;
  #disposed = false;
  #sharpLoaded: Promise<unknown> | null = null;

  /** @throws when the task fails, takes longer than a minute, or the pool is disposed */
  async run(task: EncodeTask): Promise<EncodeResult> {
    // sharp wants its library loaded by the main thread before any worker does, or it may fail to register there.
    this.#sharpLoaded ??= import('sharp');
    await this.#sharpLoaded;
    if (this.#disposed) throw new Error('The encode pool is closed');
    const { promise, resolve, reject } = Promise.withResolvers<EncodeResult>();
    this.#lastId += 1;
    this.#queue.push({ id: this.#lastId, task, resolve, reject });
    this.#pump();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const closed = new Error('The encode pool is closed');
    for (const waiting of this.#queue.splice(0)) waiting.reject(closed);
    const threads = [...this.#threads];
    for (const thread of threads) this.#retire(thread, closed);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  /** Hands waiting tasks to idle threads, starting new ones up to the limit. */
  #pump(): void {
    while (this.#queue.length > 0 && !this.#disposed) {
      const thread = this.#idleThread();
      const waiting = thread === null ? undefined : this.#queue.shift();
      if (thread === null || waiting === undefined) return;
      const deadline = setTimeout(() => {
        this.#retire(thread, new Error('Encoding took too long'));
        void thread.worker.terminate();
      }, TASK_MS);
      thread.busy = { waiting, deadline };
      thread.worker.postMessage({ id: waiting.id, task: waiting.task } satisfies EncodeRequest, []);
    }
  }

  #idleThread(): Thread | null {
    for (const thread of this.#threads) if (thread.busy === null) return thread;
    return this.#threads.size < this.#limit ? this.#startThread() : null;
  }

  #startThread(): Thread {
    const worker = new Worker(WORKER_URL);
    const thread: Thread = { worker, busy: null };
    worker.on('message', (answer: EncodeResponse) => {
      this.#settle(thread, answer);
    });
    worker.on('error', (error: unknown) => {
      this.#retire(thread, error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      this.#retire(thread, new Error('The encoding thread ended'));
    });
    this.#threads.add(thread);
    return thread;
  }

  #settle(thread: Thread, answer: EncodeResponse): void {
    const { busy } = thread;
    if (busy === null || busy.waiting.id !== answer.id) return;
    clearTimeout(busy.deadline);
    thread.busy = null;
    if ('result' in answer) busy.waiting.resolve(answer.result);
    else busy.waiting.reject(new Error(answer.error));
    this.#pump();
  }

  /** The thread gets no more work; what it had in hand fails. */
  #retire(thread: Thread, error: Error): void {
    this.#threads.delete(thread);
    if (thread.busy !== null) {
      clearTimeout(thread.busy.deadline);
      thread.busy.waiting.reject(error);
      thread.busy = null;
    }
    this.#pump();
  }
}
