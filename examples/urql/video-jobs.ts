import { type Client, gql } from '@urql/core';
import { toAsyncIterable } from 'wonka';
import { Backoff } from '../backoff.ts';
import { isPassing } from './client.ts';

export interface GenerateVideoInput {
  readonly image: string;
  readonly prompt: string;
  readonly idempotencyKey: string;
}

export interface VideoJob {
  readonly id: string;
  /** Increases with each change. */
  readonly version: number;
  readonly status: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';
  readonly isTerminal: boolean;
  readonly progress: number;
  readonly video: { readonly url: string | null } | null;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** The job, or the reason why there is none. */
interface GenerateVideoData {
  readonly generateVideo: { readonly job?: { readonly id: string }; readonly message?: string } | null;
}

const GENERATE_VIDEO = gql<GenerateVideoData, { input: GenerateVideoInput }>`
  mutation GenerateVideo($input: GenerateVideoInput!) {
    generateVideo(input: $input) {
      ... on GenerateVideoSuccess {
        job {
          id
        }
      }
      ... on GenerateVideoError {
        message
      }
    }
  }
`;

const VIDEO_JOB_UPDATED = gql<{ videoJobUpdated: VideoJob }, { id: string; sinceVersion: number }>`
  subscription VideoJobUpdated($id: ID!, $sinceVersion: Int) {
    videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
      id
      version
      status
      isTerminal
      progress
      video {
        url
      }
      failure {
        code
        message
      }
    }
  }
`;

/**
 * Sends a request until it is answered. The idempotency key makes one job of all attempts.
 *
 * @returns the job's id
 */
export async function generateVideo(client: Client, input: GenerateVideoInput): Promise<string> {
  const backoff = new Backoff();
  for (;;) {
    const { data, error } = await client.mutation(GENERATE_VIDEO, { input });
    if (data?.generateVideo?.job !== undefined) return data.generateVideo.job.id;
    if (data?.generateVideo != null) throw new Error(data.generateVideo.message);
    if (error !== undefined && !isPassing(error)) throw error;
    await backoff.pause(error?.message ?? 'There was no answer.');
  }
}

/** The states of a job, each newer than the one before, up to the terminal one. */
export async function* watchVideoJob(client: Client, id: string): AsyncGenerator<VideoJob> {
  let sinceVersion = 0;
  const backoff = new Backoff();
  for (;;) {
    const results = client.subscription(VIDEO_JOB_UPDATED, { id, sinceVersion });
    for await (const { data, error } of toAsyncIterable(results)) {
      if (error !== undefined && !isPassing(error)) throw error;
      const job = data?.videoJobUpdated;
      if (job == null || job.version <= sinceVersion) continue;
      sinceVersion = job.version;
      backoff.reset();
      yield job;
      if (job.isTerminal) return;
    }
    // A stream may end before the job does, for example when the gateway restarts.
    await backoff.pause('The stream ended.');
  }
}
