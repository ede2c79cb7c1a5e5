import type { Job, JobVideo } from '../domain/job/job.ts';
import type { CollectedVideo } from '../providers/video-upstream.ts';
import type { StepDependencies } from './step.ts';

/** A video as it is kept with its job. */
export function jobVideo(job: Job, video: CollectedVideo, dependencies: StepDependencies): JobVideo {
  const { clock, retentionMs, upstream } = dependencies;
  const inline = video.base64 !== null;
  return {
    url: video.url,
    inline,
    contentType: video.contentType,
    byteLength: video.byteLength,
    expiresAt: inline
      ? clock.now() + retentionMs
      : (job.submittedAt ?? clock.now()) + upstream.lifetimes.fileMs,
  };
}

/** A video of which only the URL is known. */
export function fileVideo(job: Job, url: string, dependencies: StepDependencies): JobVideo {
  return jobVideo(job, { url, base64: null, contentType: 'video/mp4', byteLength: null }, dependencies);
}
