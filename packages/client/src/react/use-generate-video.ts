'use client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { VideoJobFailedError } from '../errors.ts';
import { toError } from '../job-list/watched-job.ts';
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
  /** Stops the upload or the submission; an accepted job is canceled, if the gateway still can. */
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
  /** Whether the component does not show it any more. */
  isLeft: boolean;
}

/** Generates a video and follows it. When the component is removed, a request that is not accepted yet is still sent. */
export function useGenerateVideo(): GenerateVideoState {
  const client = useReelgate();
  const [shown, setShown] = useState(IDLE);
  const present = useRef<Run | null>(null);

  const leave = useCallback(() => {
    const run = present.current;
    present.current = null;
    if (run === null) return;
    run.isLeft = true;
    // Before, an abort would end the submission.
    if (run.job !== null) run.abort.abort();
  }, []);
  useEffect(() => leave, [leave]);

  const generate = useCallback(
    (input: GenerateInput) => {
      leave();
      const run: Run = { abort: new AbortController(), job: null, isLeft: false };
      present.current = run;
      const show = (change: Partial<Shown>): void => {
        if (!run.isLeft) setShown((before) => ({ ...before, ...change }));
      };
      const isFile = input.image instanceof Blob;
      setShown({ ...IDLE, status: isFile ? 'uploading' : 'submitting', uploadProgress: isFile ? 0 : null });
      const completed = client
        .generate(input, {
          signal: run.abort.signal,
          onUploadProgress: (share) =>
            show({ uploadProgress: share, status: share < 1 ? 'uploading' : 'submitting' }),
          onUpdate: (job) => {
            run.job = job;
            if (run.isLeft) run.abort.abort();
            show({ job, uploadProgress: null, ...(job.isTerminal ? {} : { status: 'running' }) });
          },
        })
        .then(
          (job) => {
            show({ job, status: 'completed', uploadProgress: null });
            return job;
          },
          (error: unknown) => {
            const ended = error instanceof VideoJobFailedError ? { job: error.job } : {};
            show({ ...ended, error: toError(error), status: 'failed', uploadProgress: null });
            throw error;
          },
        );
      // The rejection is shown, so callers that ignore the promise cause no unhandled rejection.
      completed.catch(() => {});
      return completed;
    },
    [client, leave],
  );

  const cancel = useCallback(() => {
    const run = present.current;
    if (run === null) return;
    if (run.job === null) run.abort.abort();
    // When it is too late for that, the job goes on.
    else if (!run.job.isTerminal) client.cancel(run.job.id).catch(() => {});
  }, [client]);

  const reset = useCallback(() => {
    leave();
    setShown(IDLE);
  }, [leave]);

  return useMemo(() => ({ ...shown, generate, cancel, reset }), [shown, generate, cancel, reset]);
}
