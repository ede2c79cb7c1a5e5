/** The key of a job's video. The last two digits of an id are random, so the files spread evenly over folders. */
export function videoKey(jobId: string): string {
  return `videos/${jobId.slice(-2)}/${jobId}.mp4`;
}
