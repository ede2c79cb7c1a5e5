'use client';
import type { ReactNode } from 'react';
import type { Reelgate } from '../reelgate.ts';
import type { CompletedVideoJob, GenerateInput, VideoJob, VideoJobFilter } from '../types.ts';

export interface ReelgateProviderProps {
  readonly client: Reelgate;
  readonly children?: ReactNode;
}

/** Gives the components below it a client. */
export function ReelgateProvider(_props: ReelgateProviderProps): ReactNode {
  throw new Error('Not implemented.');
}

/** The client of the nearest ReelgateProvider. @throws without one */
export function useReelgate(): Reelgate {
  throw new Error('Not implemented.');
}

export interface UseVideoJobOptions {
  /** A known state of the job, shown until there is a newer one; for example from a list, or from the server. */
  readonly initialJob?: VideoJob | null | undefined;
}

export interface VideoJobState {
  /** The newest state; null while it is unknown. */
  readonly job: VideoJob | null;
  /** Why the job cannot be watched, such as code `NOT_FOUND`; null: no error. */
  readonly error: Error | null;
  /** Whether the job is unknown and no error was reported. */
  readonly isLoading: boolean;
}

/** Watches a job, live until it ends. @param id null: none yet */
export function useVideoJob(_id: string | null | undefined, _options?: UseVideoJobOptions): VideoJobState {
  throw new Error('Not implemented.');
}

export interface UseVideoJobsOptions {
  /** Only matching jobs. Equal filters need not be the same object. @default all */
  readonly filter?: VideoJobFilter | null | undefined;
  /** Jobs of a page: 1 to 100. @default 20 */
  readonly pageSize?: number | undefined;
  /** Called for each live change of a job, with its state before; null when it is new. Changes that a reconnection reveals are included. */
  readonly onUpdate?: ((job: VideoJob, before: VideoJob | null) => void) | undefined;
  /** Called with a listed job that was deleted. */
  readonly onDelete?: ((job: VideoJob) => void) | undefined;
}

export interface VideoJobsState {
  /** The loaded jobs, newest first. A job keeps its identity until it changes, so memoised components render only then. */
  readonly jobs: readonly VideoJob[];
  /** Whether the first page is not there yet. */
  readonly isLoading: boolean;
  /** Whether there are older jobs. */
  readonly hasMore: boolean;
  /** Loads the next page. Rejects when it cannot be read. */
  readonly loadMore: () => Promise<void>;
  /** Why the list cannot be read or is not live; null: it is. While the gateway is away the list is read again by itself. */
  readonly error: Error | null;
}

/** The caller's jobs, live: new, changed and deleted jobs appear at once, also after a lost connection. */
export function useVideoJobs(_options?: UseVideoJobsOptions): VideoJobsState {
  throw new Error('Not implemented.');
}

export interface GenerateVideoState {
  /** Sends a request and resolves with the completed job. Rejections are also in `error`. A new call stops watching the job before. */
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

/** Generates a video and follows it. */
export function useGenerateVideo(): GenerateVideoState {
  throw new Error('Not implemented.');
}
