import type { VideoJobFieldsFragment, VideoJobStatus } from '../../../client/documents.ts';
import { FAILURE_TITLES } from './failure-texts.ts';

const LONGEST_TITLE = 60;

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
  const { prompt } = job.request;
  const title = prompt.length > LONGEST_TITLE ? `${prompt.slice(0, LONGEST_TITLE)}…` : prompt;
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
