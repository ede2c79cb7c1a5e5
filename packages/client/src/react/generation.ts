import { noop } from '../connection/abort.ts';
import { VideoJobFailedError } from '../errors.ts';
import type { Reelgate } from '../reelgate.ts';
import type { CompletedVideoJob, GenerateInput, VideoJob } from '../types.ts';

/** What a component shows of a request. */
export interface GenerationState {
  readonly status: 'idle' | 'uploading' | 'submitting' | 'running' | 'completed' | 'failed';
  /** The sent share of the image, from 0 to 1; null when no image is uploaded. */
  readonly uploadProgress: number | null;
  /** The newest state of the job; null before it is accepted. */
  readonly job: VideoJob | null;
  /** Why there is no video: a VideoJobFailedError, another ReelgateError, or an AbortError after `cancel`. */
  readonly error: Error | null;
}

export const IDLE: GenerationState = { status: 'idle', uploadProgress: null, job: null, error: null };

/** A call of `generate`. */
interface Run {
  readonly client: Reelgate;
  readonly abort: AbortController;
  job: VideoJob | null;
}

/** The requests of one component, of which it shows the newest. */
export class Generation {
  readonly #set: (change: (before: GenerationState) => GenerationState) => void;
  #run: Run | null = null;
  #isHidden = false;

  /** @param set changes what the component shows */
  constructor(set: (change: (before: GenerationState) => GenerationState) => void) {
    this.#set = set;
  }

  generate(client: Reelgate, input: GenerateInput): Promise<CompletedVideoJob> {
    this.reset();
    return this.#start(client, null, (run) => {
      const onUploadProgress = (uploadProgress: number): void =>
        this.#show(run, { uploadProgress, status: uploadProgress < 1 ? 'uploading' : 'submitting' });
      this.#show(run, { status: 'submitting' });
      if (input.image instanceof Blob) onUploadProgress(0);
      return client.generate(input, {
        signal: run.abort.signal,
        onUploadProgress,
        onUpdate: (job) => this.#update(run, job),
      });
    });
  }

  readonly cancel = (): void => {
    const run = this.#run;
    // When it is too late to cancel the job, it goes on.
    if (run?.job != null) run.client.cancel(run.job.id).catch(noop);
    else run?.abort.abort();
  };

  readonly reset = (): void => {
    this.#stop();
    this.#run = null;
    this.#set(() => IDLE);
  };

  /** The component is shown, for the first time or again. @returns a function for when it is hidden or removed */
  readonly attach = (): (() => void) => {
    this.#isHidden = false;
    const left = this.#run;
    if (left?.job?.isTerminal === false && left.abort.signal.aborted) {
      const { client, job } = left;
      void this.#start(client, job, async (run) => {
        const options = { signal: run.abort.signal, sinceVersion: job.version };
        for await (const newer of client.watch(job.id, options)) this.#update(run, newer);
      });
    }
    return () => {
      this.#isHidden = true;
      this.#stop();
    };
  };

  #start<T>(client: Reelgate, job: VideoJob | null, work: (run: Run) => Promise<T>): Promise<T> {
    const run: Run = { client, abort: new AbortController(), job };
    this.#run = run;
    const result = work(run);
    // Callers that ignore the promise cause no unhandled rejection.
    result.catch((error: Error) => {
      // A hidden component goes on with its job later.
      if (!this.#isHidden || run.job === null) this.#show(run, { error, status: 'failed' });
    });
    return result;
  }

  #update(run: Run, job: VideoJob): void {
    run.job = job;
    if (this.#run !== run || this.#isHidden) run.abort.abort();
    // While the component is hidden, a rejection is not shown.
    const error = job.failure && new VideoJobFailedError(job);
    const end = error ? 'failed' : 'completed';
    this.#show(run, { job, error, status: job.isTerminal ? end : 'running' });
  }

  /** Without `uploadProgress` in the change, no image is uploaded. */
  #show(run: Run, change: Partial<GenerationState>): void {
    if (this.#run === run) this.#set((before) => ({ ...before, uploadProgress: null, ...change }));
  }

  /** Before the job is accepted, an abort would end the submission. */
  #stop(): void {
    if (this.#run?.job != null) this.#run.abort.abort();
  }
}
