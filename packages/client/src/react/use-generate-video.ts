import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { CompletedVideoJob, GenerateInput, VideoJob } from '../types.ts';
import { useReelgate } from './provider.ts';

export interface GenerateVideoState {
  /**
   * Sends a request and resolves with the completed job. Rejections are also in `error`, so they need not be handled. A new call stops
   * watching the job before, whose promise rejects with an AbortError.
   */
  readonly generate: (input: GenerateInput) => Promise<CompletedVideoJob>;
  readonly status: 'idle' | 'uploading' | 'submitting' | 'running' | 'completed' | 'failed';
  /** The sent share of the image, from 0 to 1; null when no image is uploaded. */
  readonly uploadProgress: number | null;
  /** The newest state of the job; null before it is accepted. */
  readonly job: VideoJob | null;
  /** Why there is no video: a VideoJobFailedError, another ReelgateError, or an AbortError after `cancel`. */
  readonly error: Error | null;
  /**
   * Stops the upload or the submission; an accepted job is canceled, if the gateway still can. A submission that has already arrived at
   * the gateway is still made, and paid: `error` is an AbortError then, and the job is in the list.
   */
  readonly cancel: () => void;
  /** Forgets the job and the error. The job continues. */
  readonly reset: () => void;
}

type Shown = Omit<GenerateVideoState, 'generate' | 'cancel' | 'reset'>;

const IDLE: Shown = { status: 'idle', uploadProgress: null, job: null, error: null };

/** A call of `generate`. */
interface Run {
  readonly abort: AbortController;
  job: VideoJob | null;
}

/** Generates a video and follows it. When the component is removed, a request that is not accepted yet is still sent. */
export function useGenerateVideo(): GenerateVideoState {
  const client = useReelgate();
  const [shown, setShown] = useState(IDLE);
  const present = useRef<Run | null>(null);

  const leave = useCallback(() => {
    const run = present.current;
    present.current = null;
    // Before the job is accepted, an abort would end the submission.
    if (run?.job != null) run.abort.abort();
  }, []);
  useEffect(() => leave, [leave]);

  const generate = useCallback(
    (input: GenerateInput) => {
      leave();
      const run: Run = { abort: new AbortController(), job: null };
      present.current = run;
      const show = (change: Partial<Shown>): void => {
        if (present.current === run) setShown((before) => ({ ...before, ...change }));
      };
      const onUploadProgress = (uploadProgress: number): void =>
        show({ uploadProgress, status: uploadProgress < 1 ? 'uploading' : 'submitting' });
      setShown({ ...IDLE, status: 'submitting' });
      if (input.image instanceof Blob) onUploadProgress(0);
      const completed = client.generate(input, {
        signal: run.abort.signal,
        onUploadProgress,
        onUpdate: (job) => {
          run.job = job;
          if (present.current !== run) run.abort.abort();
          const end = job.video === null ? 'failed' : 'completed';
          show({ job, uploadProgress: null, status: job.isTerminal ? end : 'running' });
        },
      });
      // Callers that ignore the promise cause no unhandled rejection.
      completed.catch((error: Error) => show({ error, uploadProgress: null, status: 'failed' }));
      return completed;
    },
    [client, leave],
  );

  const cancel = useCallback(() => {
    const run = present.current;
    // When it is too late to cancel the job, it goes on.
    if (run?.job != null) client.cancel(run.job.id).catch(() => {});
    else run?.abort.abort();
  }, [client]);

  const reset = useCallback(() => {
    leave();
    setShown(IDLE);
  }, [leave]);

  return useMemo(() => ({ ...shown, generate, cancel, reset }), [shown, generate, cancel, reset]);
}
