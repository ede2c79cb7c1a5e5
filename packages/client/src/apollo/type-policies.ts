import type { FieldFunctionOptions, Reference, TypePolicies } from '@apollo/client';

/** A list of jobs as the cache stores it. Documents may select `nodes`, `edges` or both. */
interface CachedJobs {
  readonly nodes?: readonly Reference[];
  readonly edges?: readonly { readonly node: Reference }[];
  readonly pageInfo?: { readonly hasNextPage?: boolean };
}

/**
 * How a cache stores jobs: the pages of a list become one list for each filter, `videoJob` finds jobs that other operations have read, and
 * selections of different documents are merged.
 */
export const typePolicies: TypePolicies = {
  Query: {
    fields: {
      videoJob: {
        read: (known, { args, toReference }) =>
          known === undefined && args?.['id'] !== undefined
            ? toReference({ __typename: 'VideoJob', id: args['id'] })
            : known,
      },
      videoJobs: { keyArgs: ['filter'], merge: mergeJobs },
    },
  },
  Upstream: { merge: true },
  VideoJobRequest: { merge: true },
  VideoJobMetrics: { merge: true },
  VideoJobFailure: { merge: true },
  GeneratedVideo: { merge: true },
};

/** Merges a page into the list, newest first. Listed jobs between its jobs that the page does not contain are gone. */
function mergeJobs(
  known: CachedJobs | undefined,
  page: CachedJobs,
  { readField }: FieldFunctionOptions,
): CachedJobs {
  if (known === undefined) return page;
  // Ids start with the time of acceptance.
  const idOf = (job: Reference): string => readField<string>('id', job) ?? '';
  const idOfEdge = ({ node }: { readonly node: Reference }): string => idOf(node);
  const nodes = mergeNewestFirst(known.nodes, page.nodes, idOf);
  const edges = mergeNewestFirst(known.edges, page.edges, idOfEdge);
  const oldest = page.nodes?.map(idOf).at(-1) ?? page.edges?.map(idOfEdge).at(-1);
  const oldestMerged = nodes?.map(idOf).at(-1) ?? edges?.map(idOfEdge).at(-1);
  // The page with the oldest job knows whether older jobs exist. It may be an empty page, when the older jobs were deleted.
  const isLast = page.pageInfo?.hasNextPage === false || oldest === oldestMerged;
  const pageInfo = isLast ? { ...known.pageInfo, ...page.pageInfo } : known.pageInfo;
  return {
    ...known,
    ...page,
    ...(nodes === undefined ? {} : { nodes }),
    ...(edges === undefined ? {} : { edges }),
    ...(pageInfo === undefined ? {} : { pageInfo }),
  };
}

function mergeNewestFirst<T>(
  known: readonly T[] | undefined,
  page: readonly T[] | undefined,
  idOf: (item: T) => string,
): readonly T[] | undefined {
  if (known === undefined || page === undefined) return page ?? known;
  const [newest] = page;
  const oldest = page.at(-1);
  const isBeside = (id: string): boolean =>
    newest === undefined || oldest === undefined || id > idOf(newest) || id < idOf(oldest);
  const beside = known.filter((item) => isBeside(idOf(item)));
  return [...beside, ...page].toSorted((one, other) => (idOf(one) < idOf(other) ? 1 : -1));
}
