import type { VideoJob, VideoJobFilter } from '../types.ts';

/** Whether a job meets the conditions of a filter, except for `prompt`: only the gateway can search prompts. */
export function matches(job: VideoJob, filter: VideoJobFilter | null): boolean {
  const { status, createdAfter, createdBefore } = filter ?? {};
  const createdAt = Date.parse(job.createdAt);
  return (
    (status == null || status.includes(job.status)) &&
    (createdAfter == null || createdAt > Date.parse(createdAfter)) &&
    (createdBefore == null || createdAt < Date.parse(createdBefore))
  );
}
