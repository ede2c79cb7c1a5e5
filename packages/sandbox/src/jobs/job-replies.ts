import { COST } from './job.ts';
import type { Job, JobState } from './job.ts';
import { json } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';

/** Where a job is polled. `origin` is the sandbox's own: the URLs in a body are absolute [docs, seen]. */
function urlsOf(job: Job, origin: string): { status_url: string; response_url: string } {
  const response_url = `${origin}/v2/requests/${job.id}`;
  return { status_url: `${response_url}/status`, response_url };
}

/** Where the job's video is, once it is made. */
export function videoUrl(job: Job, origin: string): string {
  return `${origin}/videos/${job.videoId}.mp4`;
}

/** A submit, accepted [docs, seen]. */
export function submitAnswer(job: Job, origin: string): Reply {
  const urls = urlsOf(job, origin);
  return json(200, { request_id: job.id, status: 'QUEUED', poll_url: urls.response_url, ...urls });
}

/** `GET /v2/requests/{id}/status` [docs]. A failed job is a 422 [page, seen]. */
export function statusAnswer(job: Job, state: JobState, origin: string): Reply {
  const metrics = metricsOf(job, state);
  switch (state.word) {
    case 'QUEUED':
    case 'PROCESSING':
      return json(200, { status: state.word, request_id: job.id, ...urlsOf(job, origin), metrics });
    case 'COMPLETED':
      return json(200, { status: state.word, request_id: job.id, metrics });
    case 'FAILED':
      return json(422, { status: state.word, request_id: job.id, error: state.error, metrics });
  }
}

/**
 * `GET /v2/requests/{id}` [docs]. On an unfinished job it tells the present status, without a video.
 *
 * @param base64 the file's content when the job asked for it. It is then `output`, without a `data:` prefix, and there is
 *   no `video` [unknown: nobody has seen that answer]
 */
export function resultAnswer(job: Job, state: JobState, origin: string, base64: string | null): Reply {
  if (state.word !== 'COMPLETED') return statusAnswer(job, state, origin);
  const body = { status: state.word, request_id: job.id, metrics: metricsOf(job, state), error: null };
  if (base64 !== null) return json(200, { ...body, output: base64 });
  const url = videoUrl(job, origin);
  const video = {
    url,
    content_type: 'video/mp4',
    file_name: `${job.videoId}.mp4`,
    file_size: String(state.byteLength),
  };
  return json(200, { ...body, video, output: url });
}

/** Seconds that really passed, and USD. A failed job costs nothing: only calls answered 200 are charged [docs]. */
function metricsOf(job: Job, state: JobState): Record<string, number> {
  if (state.word === 'QUEUED' || state.word === 'PROCESSING') return {};
  const times = {
    inference_time: (state.doneAt - job.startsAt) / 1000,
    queue_time: (job.startsAt - job.createdAt) / 1000,
    total_time: (state.doneAt - job.createdAt) / 1000,
  };
  return state.word === 'FAILED' ? times : { ...times, cost: COST, remaining_credits: job.remainingCredits };
}
