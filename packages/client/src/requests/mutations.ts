import { errorOf } from '../connection/result-errors.ts';
import type { GenerateVideoInput } from '../documents.ts';
import { ReelgateError, type ReelgateErrorDetails } from '../errors.ts';
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
  if (result?.__typename === 'GenerateVideoSuccess') return result.job;
  throw refusal(result);
}

/** @throws ReelgateError with code CANCEL_TOO_LATE or NOT_FOUND */
export async function cancelVideoJob(
  requests: Requests,
  id: string,
  signal?: AbortSignal,
): Promise<VideoJob> {
  const { cancelVideoJob: result } = await requests.run(CANCEL_VIDEO_JOB, { id }, signal);
  if (result?.__typename === 'CancelVideoJobSuccess') return result.job;
  throw refusal(result);
}

/** @throws ReelgateError with code JOB_UNFINISHED or NOT_FOUND */
export async function deleteVideoJob(requests: Requests, id: string, signal?: AbortSignal): Promise<void> {
  let attempts = 0;
  const { deleteVideoJob: result } = await requests.repeat((attempt) => {
    attempts += 1;
    return requests.once(DELETE_VIDEO_JOB, { id }, attempt);
  }, signal);
  if (result?.__typename === 'DeleteVideoJobSuccess') return;
  // An attempt whose answer was lost may have deleted it.
  if (result?.__typename !== 'VideoJobNotFound' || attempts === 1) throw refusal(result);
}

/** A member of a result union that is no success. */
interface Refusal extends ReelgateErrorDetails {
  readonly __typename: string;
  readonly code?: string;
  readonly message: string;
}

/** The codes of refusals that have none of their own. */
const CODES: Readonly<Record<string, string>> = {
  CancelVideoJobTooLate: 'CANCEL_TOO_LATE',
  DeleteVideoJobUnfinished: 'JOB_UNFINISHED',
  VideoJobNotFound: 'NOT_FOUND',
};

function refusal(result: Refusal | null | undefined): ReelgateError {
  if (result == null) return errorOf();
  const { __typename, code = CODES[__typename] ?? 'UNKNOWN', message, issues = [] } = result;
  // The message of an invalid input only refers to its issues.
  const faults = issues.map(({ path, message: fault }) => `${path.join('.')} ${fault}.`);
  return new ReelgateError(code, faults.join(' ') || message, result);
}
