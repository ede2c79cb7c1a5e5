import type { VideoJobFieldsFragment } from '@reelgate/client/documents';

const LONGEST = 60;

/** What a job is called where its whole prompt would be too much. */
export function shortTitle({ request: { prompt } }: Pick<VideoJobFieldsFragment, 'request'>): string {
  return prompt.length > LONGEST ? `${prompt.slice(0, LONGEST)}…` : prompt;
}
