import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { EncodeResponse, EncodeRequest, EncodeResult, EncodeTask } from './encode-task.ts';

const MAX_THREADS = 2;
/** Timeout of a task; its thread is terminated. */
const TASK_MS = 60_000;

const WORKER_URL = new URL('./encode-worker.ts', import.meta.url);

interface Waiting extends EncodeRequest {
  readonly resolve: (result: EncodeResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Null: idle. */
  busy: { readonly waiting: Waiting; readonly deadline: NodeJS.Timeout } | null;
}

/** Runs drawing and encoding in worker threads. Threads start on demand and are reused. */
export class EncodePool implements AsyncDisposable {
  readonly #limit = Math.min(MAX_THREADS, availableParallelism());
  readonly #queue: Waiting[] = [];
  readonly #threads = new Set<Thread>();
  #lastId = 0;
  #disposed = false;
  #sharpLoaded: Promise<unknown> | null = null;

  /** @throws when the task fails, takes longer than a minute, or the pool is disposed */
  async run(task: EncodeTask): Promise<EncodeResult> {
    // sharp must be loaded in the main thread before a worker loads it; otherwise its native library may fail to register.
    this.#sharpLoaded ??= import('sharp');
    await this.#sharpLoaded;
    if (this.#disposed) throw new Error('The encode pool is closed.');
    const { promise, resolve, reject } = Promise.withResolvers<EncodeResult>();
    this.#lastId += 1;
    this.#queue.push({ id: this.#lastId, task, resolve, reject });
    this.#pump();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const closed = new Error('The encode pool is closed.');
    for (const waiting of this.#queue.splice(0)) waiting.reject(closed);
    const threads = [...this.#threads];
    for (const thread of threads) this.#retire(thread, closed);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  /** Assigns waiting tasks to idle threads and starts threads up to the limit. */
  #pump(): void {
    while (this.#queue.length > 0 && !this.#disposed) {
      const thread = this.#idleThread();
      const waiting = thread === null ? undefined : this.#queue.shift();
      if (thread === null || waiting === undefined) return;
      const deadline = setTimeout(() => {
        this.#retire(thread, new Error(`Encoding took longer than ${TASK_MS / 1000} s.`));
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
      this.#onResponse(thread, answer);
    });
    worker.on('error', (error: unknown) => {
      this.#retire(thread, error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      this.#retire(thread, new Error('The encoding thread ended.'));
    });
    this.#threads.add(thread);
    return thread;
  }

  #onResponse(thread: Thread, answer: EncodeResponse): void {
    const { busy } = thread;
    if (busy === null || busy.waiting.id !== answer.id) return;
    clearTimeout(busy.deadline);
    thread.busy = null;
    if ('result' in answer) busy.waiting.resolve(answer.result);
    else busy.waiting.reject(new Error(answer.error));
    this.#pump();
  }

  /** Removes a thread from the pool; its current task fails. */
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
