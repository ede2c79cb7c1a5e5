import type { VideoJob } from '@reelgate/client';

const MAX_LENGTH = 60;

/** The prompt, shortened. */
export function shortTitle({ request: { prompt } }: Pick<VideoJob, 'request'>): string {
  return prompt.length > MAX_LENGTH ? `${prompt.slice(0, MAX_LENGTH)}…` : prompt;
}
