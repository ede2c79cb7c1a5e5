import type { VideoJobFieldsFragment, VideoJobStatus } from '@reelgate/client/documents';
import { FAILURE_TITLES } from './failure-texts.ts';
import { shortTitle } from './short-title.ts';

/**
 * What a screen reader says of an update; null for those that change no status.
 *
 * @param before the status that the job had; undefined when it is not known
 */
export function announcementOf(
  job: VideoJobFieldsFragment,
  before: VideoJobStatus | undefined,
): string | null {
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
