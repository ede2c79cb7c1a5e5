import { jsonReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { COST } from './job.ts';
import type { Job, JobState } from './job.ts';

/** The URLs for polling a job. They are absolute [docs, seen]. */
function urlsOf(job: Job, origin: string): { status_url: string; response_url: string } {
  const response_url = `${origin}/v2/requests/${job.id}`;
  return { status_url: `${response_url}/status`, response_url };
}

/** The URL of the job's video. */
export function videoUrl(job: Job, origin: string): string {
  return `${origin}/videos/${job.videoId}.mp4`;
}

/** The response to an accepted submission [docs, seen]. */
export function submitReply(job: Job, origin: string): Reply {
  const urls = urlsOf(job, origin);
  return jsonReply(200, { request_id: job.id, status: 'QUEUED', poll_url: urls.response_url, ...urls });
}

/** `GET /v2/requests/{id}/status` [docs]. A failed job is a 422 [page, seen]. */
export function statusReply(job: Job, state: JobState, origin: string): Reply {
  const metrics = metricsOf(job, state);
  switch (state.status) {
    case 'QUEUED':
    case 'PROCESSING':
      return jsonReply(200, { status: state.status, request_id: job.id, ...urlsOf(job, origin), metrics });
    case 'COMPLETED':
      return jsonReply(200, { status: state.status, request_id: job.id, metrics });
    case 'FAILED':
      return jsonReply(422, { status: state.status, request_id: job.id, error: state.error, metrics });
  }
}

/**
 * `GET /v2/requests/{id}` [docs]. For an unfinished job it is the status, without a video.
 *
 * @param base64 the video's content if the job requested base64, else null. It becomes `output`, without a `data:` prefix, and
 *   `video` is omitted [unknown: this response was never observed]
 */
export function resultReply(job: Job, state: JobState, origin: string, base64: string | null): Reply {
  if (state.status !== 'COMPLETED') return statusReply(job, state, origin);
  const body = { status: state.status, request_id: job.id, metrics: metricsOf(job, state), error: null };
  if (base64 !== null) return jsonReply(200, { ...body, output: base64 });
  const url = videoUrl(job, origin);
  const video = {
    url,
    content_type: 'video/mp4',
    file_name: `${job.videoId}.mp4`,
    file_size: String(state.byteLength),
  };
  return jsonReply(200, { ...body, video, output: url });
}

/** Times in seconds, amounts in USD. A failed job is free: only calls with a 200 response are charged [docs]. */
function metricsOf(job: Job, state: JobState): Record<string, number> {
  if (state.status === 'QUEUED' || state.status === 'PROCESSING') return {};
  const times = {
    inference_time: (state.doneAt - job.startsAt) / 1000,
    queue_time: (job.startsAt - job.createdAt) / 1000,
    total_time: (state.doneAt - job.createdAt) / 1000,
  };
  return state.status === 'FAILED'
    ? times
    : { ...times, cost: COST, remaining_credits: job.remainingCredits };
}
