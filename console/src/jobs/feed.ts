import { type ApolloClient, CombinedGraphQLErrors } from '@apollo/client';
import {
  type VideoJobFieldsFragment,
  type VideoJobStatus,
  VideoJobsDocument,
  VideoJobsUpdatedDocument,
} from '../../../client/documents.ts';
import type { Connection } from '../gateway/connection.ts';
import { addToList } from '../gateway/job-cache.ts';
import { syncServerClock } from '../gateway/server-clock.ts';
import { Store } from '../ui/store.ts';
import { JobIdsDocument } from './documents.ts';

/** Jobs in the first page and in each that is asked for; the gateway allows 100. */
export const PAGE = 24;
const MAX_PAGE = 100;
/** Milliseconds before a feed that the gateway ended is opened again. */
const REOPEN_MS = 1000;

/** How far the list is: `loading` until it was read once, then `ready`; `failed` while it could not be read. */
export type FeedState = 'loading' | 'ready' | 'failed';

/** Keeps the cache's list of jobs at what the gateway knows. */
export interface Feed {
  readonly state: Store<FeedState>;
  /** Reads the next page of older jobs. */
  loadOlder(): Promise<void>;
  stop(): void;
}

/**
 * Subscribes to all of the caller's jobs, then reads the list, and does both again after each new connection: what
 * happened meanwhile is in the list, what happens from then on comes as updates. The gateway answers a query only once
 * the subscriptions that were sent before it on the same socket are open, so that nothing falls in between.
 *
 * @param onChange told of each update, and of the status that the job had in the one before, if there was one
 */
export function startFeed(
  apollo: ApolloClient,
  connection: Connection,
  onChange: (job: VideoJobFieldsFragment, before: VideoJobStatus | undefined) => void,
): Feed {
  const state = new Store<FeedState>('loading');
  const statuses = new Map<string, VideoJobStatus>();
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let subscription: { unsubscribe(): void } | undefined;
  let stopped = false;

  const failed = (error: unknown): void => {
    if (stopped || reopening !== undefined) return;
    subscription?.unsubscribe();
    if (isUnauthenticated(error)) connection.state.set('signed-out');
    if (connection.state.get() === 'signed-out') return;
    state.set('failed');
    reopening = setTimeout(open, REOPEN_MS);
  };

  const load = async (): Promise<void> => {
    const loaded = readJobs(apollo)?.nodes.length ?? 0;
    let after: string | null = null;
    let left = Math.max(PAGE, loaded);
    do {
      const page: Page = await readPage(apollo, Math.min(left, MAX_PAGE), after);
      left -= page.nodes.length;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (left > 0 && after !== null);
    state.set('ready');
  };
  const loadOrFail = (): void => void load().catch(failed);

  const open = (): void => {
    reopening = undefined;
    if (stopped) return;
    subscription = apollo.subscribe({ query: VideoJobsUpdatedDocument }).subscribe({
      next: ({ data, error }) => {
        if (data == null) return failed(error);
        const job = data.videoJobsUpdated;
        addToList(apollo, job.id);
        onChange(job, statuses.get(job.id));
        if (job.isTerminal) statuses.delete(job.id);
        else statuses.set(job.id, job.status);
      },
      error: failed,
      complete: () => failed(new Error('The feed ended.')),
    });
    // Not yet connected: it loads once it is.
    if (connection.state.get() === 'connected') loadOrFail();
  };

  const offConnected = connection.onConnected(() => {
    void syncServerClock();
    loadOrFail();
  });
  open();
  return {
    state,
    loadOlder: async () => {
      await readPage(apollo, PAGE, readJobs(apollo)?.pageInfo.endCursor ?? null);
    },
    stop: () => {
      stopped = true;
      clearTimeout(reopening);
      offConnected();
      subscription?.unsubscribe();
    },
  };
}

interface Page {
  readonly nodes: readonly unknown[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Reads a page from the gateway into the cache. @throws when it could not be read */
async function readPage(apollo: ApolloClient, first: number, after: string | null): Promise<Page> {
  const { data, error } = await apollo.query({
    query: VideoJobsDocument,
    variables: { first, after },
    fetchPolicy: 'network-only',
  });
  if (data === undefined) throw new Error('The list could not be read.', { cause: error });
  return data.videoJobs;
}

function readJobs(apollo: ApolloClient): Page | undefined {
  return apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
}

function isUnauthenticated(failure: unknown): boolean {
  const error = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return (
    CombinedGraphQLErrors.is(error) &&
    error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED')
  );
}
