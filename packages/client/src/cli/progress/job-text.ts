import type { VideoJob } from '../../types.ts';

const WAITING: Readonly<Record<NonNullable<VideoJob['waitingFor']>, string>> = {
  RATE_LIMIT: 'queued: waits for the rate limit of the upstream',
  SUBMISSION_CHECK: 'queued: the gateway looks for the request in the history of the upstream',
  UPSTREAM_QUEUE: 'queued at the upstream',
  UPSTREAM_UNAVAILABLE: 'queued: the upstream is not available',
};

/** The state of a job in a few words. */
export function jobText(job: VideoJob): string {
  switch (job.status) {
    case 'QUEUED':
      // A newer gateway may have other reasons.
      return (job.waitingFor === null ? undefined : WAITING[job.waitingFor]) ?? 'queued';
    case 'PROCESSING':
      return 'in progress';
    case 'COMPLETED':
      return 'ready';
    case 'FAILED':
      return `failed: ${job.failure?.code ?? 'UNKNOWN'}`;
  }
}
