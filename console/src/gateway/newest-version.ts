import { type ApolloCache, ApolloLink } from '@apollo/client';
import { map } from 'rxjs';
import type { VideoJobFieldsFragment } from '@reelgate/client/documents';
import { readJob } from './job-cache.ts';

/**
 * Keeps each job at its newest version, whatever order answers come in: a list that was read before an update may
 * arrive after it, and without this would put the job back, for good if that update was its last.
 */
export function newestVersionLink(cache: ApolloCache): ApolloLink {
  return new ApolloLink((operation, forward) =>
    forward(operation).pipe(
      map((result) => (result.data == null ? result : { ...result, data: newest(cache, result.data) })),
    ),
  );
}

/** The same answer, with the cached state in the place of an older one. */
function newest<T>(cache: ApolloCache, value: T): T;
function newest(cache: ApolloCache, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => newest(cache, item));
  if (typeof value !== 'object' || value === null) return value;
  if (!isJob(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, newest(cache, item)]));
  const known = readJob(cache, value.id);
  return known !== null && known.version > value.version ? known : value;
}

/** Jobs that were asked for in full: their version says how new they are. */
function isJob(value: object): value is VideoJobFieldsFragment {
  return '__typename' in value && value.__typename === 'VideoJob' && 'version' in value;
}
