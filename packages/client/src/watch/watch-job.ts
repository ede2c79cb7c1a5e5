import type { Connection } from '../connection/connection.ts';
import type { VideoJobUpdatedSubscription } from '../documents.ts';
import { VIDEO_JOB_UPDATED } from '../operations.ts';
import type { VideoJob } from '../types.ts';
import { Channel } from './channel.ts';

/**
 * The states of a job, each newer than the one before, up to the terminal one. A slow reader misses versions in between, never the
 * last.
 */
export function watchJob(
  connection: Connection,
  id: string,
  sinceVersion: number,
  signal: AbortSignal | undefined,
): Channel<VideoJob> {
  return new Channel<VideoJob>({
    signal,
    add: (unread, job) => {
      unread.splice(0, 1, job);
    },
    start: (channel) => {
      let version = sinceVersion;
      return connection.subscribe<VideoJobUpdatedSubscription>(
        { query: VIDEO_JOB_UPDATED, variables: { id, sinceVersion } },
        {
          next: ({ data }) => {
            const job = data?.videoJobUpdated;
            if (job === undefined || job.version < version || (job.version === version && !job.isTerminal))
              return;
            ({ version } = job);
            channel.push(job);
            if (job.isTerminal) channel.end();
          },
          error: (reason) => channel.fail(reason),
        },
      );
    },
  });
}
