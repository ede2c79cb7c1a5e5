import type { ApolloCache, ApolloClient, Reference } from '@apollo/client';
import { type VideoJobFieldsFragment, VideoJobFieldsFragmentDoc } from '@reelgate/client/documents';

/** The list of jobs as the cache keeps it. */
export interface CachedJobs {
  readonly nodes: readonly Reference[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** One list of all pages and of the jobs that came since, newest first. */
export function mergeJobs(known: CachedJobs | undefined, incoming: CachedJobs): CachedJobs {
  if (known === undefined) return incoming;
  const byId = new Map([...known.nodes, ...incoming.nodes].map((node) => [node.__ref, node]));
  const nodes = [...byId.values()].toSorted(newestFirst);
  const oldest = nodes.at(-1)?.__ref;
  // What lies beyond is told by the page that the oldest job was on.
  const { pageInfo } = incoming.nodes.at(-1)?.__ref === oldest ? incoming : known;
  return { nodes, pageInfo };
}

/** Puts a job of the cache into the list, unless it belongs to a page that was not read yet. */
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

/** Writes a job that came some other way, unless a newer version is there. */
export function writeJob({ cache }: ApolloClient, job: VideoJobFieldsFragment): void {
  if ((readJob(cache, job.id)?.version ?? 0) > job.version) return;
  cache.writeFragment({
    id: cache.identify({ __typename: 'VideoJob', id: job.id }) ?? '',
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
    data: job,
  });
}

/** The job as the cache has it; null when it does not. */
export function readJob(cache: ApolloCache, id: string): VideoJobFieldsFragment | null {
  return cache.readFragment({
    id: `VideoJob:${id}`,
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
  });
}

/** Ids begin with the time of acceptance. */
function newestFirst(one: Reference, other: Reference): number {
  return one.__ref < other.__ref ? 1 : -1;
}
