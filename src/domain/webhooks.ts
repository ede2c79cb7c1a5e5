import type { Job } from './job/job.ts';

/** What happened to a job. */
export type WebhookEvent = 'video_job.completed' | 'video_job.failed';

/** The most endpoints that the settings may give one owner. Each of the owner's jobs has a delivery to each of them. */
export const MAX_ENDPOINTS = 5;

/** The event that the end of a job is. @param job a final one */
export function webhookEvent({ phase }: Pick<Job, 'phase'>): WebhookEvent {
  return phase === 'completed' ? 'video_job.completed' : 'video_job.failed';
}
