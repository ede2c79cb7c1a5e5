/** Characters of an error that are shown. */
const MAX_ERROR = 200;

/** The `maxBytes` of a field with a short error; see `video-job.ts`. */
export const ERROR_BYTES = 6 * MAX_ERROR;

/** @returns the first 200 characters of an error */
export function shortError(error: string): string {
  return error.slice(0, MAX_ERROR).toWellFormed();
}
