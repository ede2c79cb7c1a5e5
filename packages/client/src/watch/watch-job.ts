import { noop } from '../connection/abort.ts';
import { backoffMs, pause } from '../connection/backoff.ts';
import type { Connection } from '../connection/connection.ts';
import type { VideoJobUpdatedSubscription } from '../documents.ts';
import { VIDEO_JOB_UPDATED } from '../operations.ts';
import type { VideoJob } from '../types.ts';
import { Channel } from './channel.ts';

/** What `watchJob` needs. */
export interface WatchJobOptions {
  readonly connection: Connection;
  readonly id: string;
  readonly sinceVersion: number;
  readonly signal: AbortSignal | undefined;
  readonly random: () => number;
}

/**
 * The states of a job, each newer than the one before, up to the terminal one. A slow reader misses versions in between, never the
 * last.
 */
export function watchJob({
  connection,
  id,
  sinceVersion,
  signal,
  random,
}: WatchJobOptions): Channel<VideoJob> {
  return new Channel<VideoJob>({
    add: (unread, job) => {
      unread.splice(0, 1, job);
    },
    start: (channel) => {
      const over = new AbortController();
      let version = sinceVersion;
      let failures = 0;
      let unsubscribe = noop;
      const subscribe = (): void => {
        unsubscribe = connection.subscribe<VideoJobUpdatedSubscription>(
          { query: VIDEO_JOB_UPDATED, variables: { id, sinceVersion: version } },
          {
            next: ({ data }) => {
              const job = data?.videoJobUpdated;
              if (job === undefined || job.version < version || (job.version === version && !job.isTerminal))
                return;
              ({ version } = job);
              failures = 0;
              channel.push(job);
              if (job.isTerminal) channel.end();
            },
            error: (reason) => channel.fail(reason),
            // Some routers complete a subscription when they lose the gateway.
            complete: () => {
              pause(backoffMs(failures, random), over.signal).then(subscribe, noop);
              failures += 1;
            },
          },
        );
      };
      const abort = (): void => channel.fail(signal?.reason);
      if (signal?.aborted === true) abort();
      else subscribe();
      signal?.addEventListener('abort', abort, { once: true });
      return () => {
        signal?.removeEventListener('abort', abort);
        over.abort();
        unsubscribe();
      };
    },
  });
}
