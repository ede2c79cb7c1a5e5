import type { VideoJobFieldsFragment } from '@reelgate/client/documents';

const MAX_LENGTH = 60;

/** The prompt, shortened. */
export function shortTitle({ request: { prompt } }: Pick<VideoJobFieldsFragment, 'request'>): string {
  return prompt.length > MAX_LENGTH ? `${prompt.slice(0, MAX_LENGTH)}…` : prompt;
}
