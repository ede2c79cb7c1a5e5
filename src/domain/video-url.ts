import { isJobId } from './job/job-id.ts';

/** The path below which the gateway serves videos. */
export const VIDEO_PATH = '/media';

/** A path has one form only: no escaped characters, no other segments, no other case. */
const PATH = /^\/media\/(vj_[0-9a-f-]+)\/([\w-]+)\.mp4$/;

/** The parts of a video's path. */
export interface VideoPath {
  readonly jobId: string;
  readonly signature: string;
}

/** The path of a job's video, such as `/media/vj_…/….mp4`. */
export function videoPath(jobId: string, signature: string): string {
  return `${VIDEO_PATH}/${jobId}/${signature}.mp4`;
}

/** Whether a path is below that of videos. */
export function isBelowVideoPath(path: string): boolean {
  return path.startsWith(`${VIDEO_PATH}/`);
}

/** @returns null for another path */
export function parseVideoPath(path: string): VideoPath | null {
  const [, jobId = '', signature = ''] = PATH.exec(path) ?? [];
  return isJobId(jobId) ? { jobId, signature } : null;
}
