import type { ApolloCache, ApolloClient, Reference } from '@apollo/client';
import { type VideoJobFieldsFragment, VideoJobFieldsFragmentDoc } from '@reelgate/client/documents';

/** The cached list of jobs. */
export interface CachedJobs {
  readonly nodes: readonly Reference[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Merges a page into the list, newest first. */
export function mergeJobs(known: CachedJobs | undefined, incoming: CachedJobs): CachedJobs {
  if (known === undefined) return incoming;
  const byId = new Map([...known.nodes, ...incoming.nodes].map((node) => [node.__ref, node]));
  const nodes = [...byId.values()].toSorted(newestFirst);
  const oldest = nodes.at(-1)?.__ref;
  // The page with the oldest job knows whether older jobs exist. It may be an empty page, when the older jobs were deleted.
  const isLast = !incoming.pageInfo.hasNextPage || incoming.nodes.at(-1)?.__ref === oldest;
  const { pageInfo } = isLast ? incoming : known;
  return { nodes, pageInfo };
}

/** Adds a cached job to the list, unless it belongs to a page that is not loaded yet. */
export function addToList({ cache }: ApolloClient, id: string): void {
  cache.modify<{ videoJobs: CachedJobs }>({
    fields: {
      videoJobs: (known, { toReference }) => {
        const node = toReference(`VideoJob:${id}`);
        if (node === undefined || !('nodes' in known)) return known;
        if (known.nodes.some(({ __ref }) => __ref === node.__ref)) return known;
        const oldest = known.nodes.at(-1);
        if (known.pageInfo.hasNextPage && oldest !== undefined && newestFirst(oldest, node) < 0) return known;
        return { ...known, nodes: [...known.nodes, node].toSorted(newestFirst) };
      },
    },
  });
}

/** Removes jobs from the list and from the cache. */
export function removeJobs({ cache }: ApolloClient, ids: readonly string[]): void {
  const refs = new Set(ids.map((id) => `VideoJob:${id}`));
  cache.modify<{ videoJobs: CachedJobs }>({
    fields: {
      videoJobs: (known) =>
        'nodes' in known ? { ...known, nodes: known.nodes.filter(({ __ref }) => !refs.has(__ref)) } : known,
    },
  });
  for (const id of refs) cache.evict({ id });
}

/** Writes a job into the cache, unless the cache has a newer version. */
export function writeJob({ cache }: ApolloClient, job: VideoJobFieldsFragment): void {
  if ((readJob(cache, job.id)?.version ?? 0) > job.version) return;
  cache.writeFragment({
    id: cache.identify({ __typename: 'VideoJob', id: job.id }) ?? '',
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
    data: job,
  });
}

/** The cached job; null when it is not cached. */
export function readJob(cache: ApolloCache, id: string): VideoJobFieldsFragment | null {
  return cache.readFragment({
    id: `VideoJob:${id}`,
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
  });
}

/** Ids start with the time of acceptance. */
function newestFirst(one: Reference, other: Reference): number {
  return one.__ref < other.__ref ? 1 : -1;
}
