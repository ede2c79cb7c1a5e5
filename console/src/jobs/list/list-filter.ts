import type { VideoJobFilter, VideoJobStatus } from '@reelgate/client';

/** The states that the list can be limited to. */
export type StatusChoice = 'ALL' | 'UNFINISHED' | 'COMPLETED' | 'FAILED';

/** What the user limited the list to. */
export interface ListChoice {
  readonly status: StatusChoice;
  /** Words of the prompt. */
  readonly search: string;
}

/** All jobs. */
export const ALL_JOBS: ListChoice = { status: 'ALL', search: '' };

/** The gateway's maximum length of a search. */
export const MAX_SEARCH = 200;

/** The states in the order of the menu. */
export const STATUS_CHOICES: readonly { readonly value: StatusChoice; readonly label: string }[] = [
  { value: 'ALL', label: 'All' },
  { value: 'UNFINISHED', label: 'In progress' },
  { value: 'COMPLETED', label: 'Ready' },
  { value: 'FAILED', label: 'Failed' },
];

const STATUSES: Readonly<Record<Exclude<StatusChoice, 'ALL'>, readonly VideoJobStatus[]>> = {
  UNFINISHED: ['QUEUED', 'PROCESSING'],
  COMPLETED: ['COMPLETED'],
  FAILED: ['FAILED'],
};

/** The gateway's filter for a choice; null for all jobs. The gateway needs a letter or a digit to search for. */
export function filterOf({ status, search }: ListChoice): VideoJobFilter | null {
  const words = /[\p{L}\p{N}]/u.test(search) ? search.trim() : '';
  if (status === 'ALL' && words === '') return null;
  return {
    ...(status === 'ALL' ? {} : { status: [...STATUSES[status]] }),
    ...(words === '' ? {} : { prompt: words }),
  };
}
