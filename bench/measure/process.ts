import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { placed, type Place } from './cores.ts';

export interface ProcessOptions {
  /** Relative to `bench/`. */
  readonly file: string;
  readonly place: Place;
  readonly args?: readonly string[];
  /** Options of Node. */
  readonly options?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly id?: number;
  readonly error?: string;
  readonly ready?: string;
}

const START_DEADLINE_MS = 120_000;
const ANSWER_DEADLINE_MS = 120_000;

/** A Node process of the benchmark, pinned to its cores. Disposing kills it. */
export class BenchProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  readonly #ready = Promise.withResolvers<string>();
  readonly #closed: Promise<unknown>;
  readonly #deferred: Disposable[] = [];
  #lastId = 0;
  #output = '';

  private constructor({ file, place, args = [], options = [], settings = {} }: ProcessOptions) {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const [program, all] = placed(place, process.execPath, ['--expose-gc', ...options, path, ...args]);
    this.#child = spawn(program, all, {
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#closed = once(this.#child, 'close');
    this.#child.on('message', (text: string) => this.#onMessage(text));
    const note = (chunk: string) => {
      this.#output = (this.#output + chunk).slice(-10_000);
      const url = /listening on (http:\/\/[^\s"]+)/.exec(this.#output)?.[1];
      if (url !== undefined) this.#ready.resolve(url);
    };
    this.#child.stdout?.setEncoding('utf8').on('data', note);
    this.#child.stderr?.setEncoding('utf8').on('data', note);
    this.#child.once('close', () => this.#fail(`${file} ended`));
    this.#child.once('error', (error) => this.#fail(`${file}: ${error.message}`));
  }

  /** Starts a process and waits until it reports that it is ready or listens. */
  static async start(options: ProcessOptions): Promise<BenchProcess> {
    const started = new BenchProcess(options);
    const timer = setTimeout(() => started.#fail(`${options.file} did not start in time`), START_DEADLINE_MS);
    try {
      await started.#ready.promise;
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Disposes a resource after the end of the process. */
  defer(resource: Disposable): void {
    this.#deferred.push(resource);
  }

  /** The port that it listens on. */
  async port(): Promise<number> {
    return Number(new URL(await this.#ready.promise).port);
  }

  /** Sends a command and waits for its result. */
  async ask<T>(command: string, input: object = {}): Promise<T> {
    const id = (this.#lastId += 1);
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(id, waiting);
    this.#child.send(JSON.stringify({ id, command, input }));
    const timer = setTimeout(
      () => this.#fail(`${command} took longer than ${ANSWER_DEADLINE_MS / 1000} s`),
      ANSWER_DEADLINE_MS,
    );
    try {
      const { output }: { output: T } = JSON.parse(await waiting.promise);
      return output;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
    for (const resource of this.#deferred.splice(0)) resource[Symbol.dispose]();
  }

  #onMessage(text: string): void {
    const { id, error, ready }: Answer = JSON.parse(text);
    if (ready !== undefined) this.#ready.resolve(ready);
    if (id === undefined) return;
    if (error === undefined) this.#waiting.get(id)?.resolve(text);
    else this.#waiting.get(id)?.reject(new Error(error));
  }

  #fail(reason: string): void {
    const error = new Error(`${reason}:\n${this.#output}`);
    // Prevents an unhandled rejection when no caller awaits the start.
    this.#ready.promise.catch(() => {});
    this.#ready.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
