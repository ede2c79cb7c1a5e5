import type { VideoJob, VideoJobStatus } from '@reelgate/client';
import { FAILURE_TITLES } from './failure-texts.ts';
import { shortTitle } from './short-title.ts';

/**
 * The screen reader's announcement of an update; null when the status did not change.
 *
 * @param before the previous status; undefined when it is unknown
 */
export function announcementOf(job: VideoJob, before: VideoJobStatus | undefined): string | null {
  if (before === job.status) return null;
  const title = shortTitle(job);
  switch (job.status) {
    case 'QUEUED':
      return null;
    case 'PROCESSING':
      return `In progress: ${title}`;
    case 'COMPLETED':
      return `The video is ready: ${title}`;
    case 'FAILED':
      return `Failed: ${title}. ${job.failure === null ? '' : FAILURE_TITLES[job.failure.code]}`;
  }
}
