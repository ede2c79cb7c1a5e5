import type { GenerateVideoInput } from '../documents.ts';
import { ReelgateError } from '../errors.ts';
import { CANCEL_VIDEO_JOB, DELETE_VIDEO_JOB, GENERATE_VIDEO } from '../operations.ts';
import type { VideoJob } from '../types.ts';
import type { Requests } from './requests.ts';

/** Sends a request for a video. @throws ReelgateError with the reason of a refusal */
export async function generateVideo(
  requests: Requests,
  input: GenerateVideoInput,
  signal?: AbortSignal,
): Promise<VideoJob> {
  const { generateVideo: result } = await requests.run(GENERATE_VIDEO, { input }, signal);
  switch (result?.__typename) {
    case 'GenerateVideoSuccess':
      return result.job;
    case 'GenerateVideoInvalidInput':
      throw new ReelgateError(result.code, messageOf(result), { issues: result.issues });
    case 'GenerateVideoIdempotencyConflict':
      throw new ReelgateError(result.code, result.message);
    case 'GenerateVideoCapacityExceeded':
      throw new ReelgateError(result.code, result.message, { retryAfterSeconds: result.retryAfterSeconds });
    case undefined:
      throw new ReelgateError('UNKNOWN', 'The gateway sent no result.');
  }
}

/** @throws ReelgateError with code CANCEL_TOO_LATE or NOT_FOUND */
export async function cancelVideoJob(
  requests: Requests,
  id: string,
  signal?: AbortSignal,
): Promise<VideoJob> {
  const { cancelVideoJob: result } = await requests.run(CANCEL_VIDEO_JOB, { id }, signal);
  switch (result?.__typename) {
    case 'CancelVideoJobSuccess':
      return result.job;
    case 'CancelVideoJobTooLate':
      throw new ReelgateError('CANCEL_TOO_LATE', result.message, { job: result.job });
    case 'VideoJobNotFound':
      throw new ReelgateError('NOT_FOUND', result.message);
    case undefined:
      throw new ReelgateError('UNKNOWN', 'The gateway sent no result.');
  }
}

/** @throws ReelgateError with code JOB_UNFINISHED or NOT_FOUND */
export async function deleteVideoJob(requests: Requests, id: string, signal?: AbortSignal): Promise<void> {
  let attempts = 0;
  const { deleteVideoJob: result } = await requests.repeat((attempt) => {
    attempts += 1;
    return requests.once(DELETE_VIDEO_JOB, { id }, attempt);
  }, signal);
  switch (result?.__typename) {
    case 'DeleteVideoJobSuccess':
      return;
    case 'DeleteVideoJobUnfinished':
      throw new ReelgateError('JOB_UNFINISHED', result.message, { job: result.job });
    case 'VideoJobNotFound':
      // An attempt whose answer was lost may have deleted it.
      if (attempts > 1) return;
      throw new ReelgateError('NOT_FOUND', result.message);
    case undefined:
      throw new ReelgateError('UNKNOWN', 'The gateway sent no result.');
  }
}

/** All issues in one sentence. */
function messageOf({
  message,
  issues,
}: {
  readonly message: string;
  readonly issues: readonly { readonly path: readonly string[]; readonly message: string }[];
}): string {
  const parts = issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  return parts.length === 0 ? message : `${message} ${parts.join('; ')}.`;
}
