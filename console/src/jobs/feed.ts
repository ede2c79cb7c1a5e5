import { type ApolloClient, CombinedGraphQLErrors } from '@apollo/client';
import {
  type VideoJobFieldsFragment,
  type VideoJobStatus,
  VideoJobsDocument,
  VideoJobsUpdatedDocument,
} from '@reelgate/client/documents';
import type { Connection } from '../gateway/connection.ts';
import { addToList } from '../gateway/job-cache.ts';
import { syncServerClock } from '../gateway/server-clock.ts';
import { Store } from '../ui/store.ts';
import { JobIdsDocument } from './documents.ts';

/** Jobs per page. */
export const PAGE = 24;
/** The gateway's maximum. */
const MAX_PAGE = 100;
/** Delay before a subscription that the gateway ended is opened again. */
const REOPEN_MS = 1000;

/**
 * The state of the list: `loading` until the first read, then `ready`; `failed` while it cannot be read; `forbidden` when the token
 * does not allow listing jobs.
 */
export type FeedState = 'loading' | 'ready' | 'failed' | 'forbidden';

/** Keeps the cached list of jobs up to date. */
export interface Feed {
  readonly state: Store<FeedState>;
  /** Reads the next page. */
  loadOlder(): Promise<void>;
  stop(): void;
}

/**
 * Subscribes to the caller's jobs, then reads the list, and repeats both after each new connection. Earlier changes are in the
 * list, later ones arrive as updates. No change is lost in between: the gateway answers a query only after the subscriptions that
 * were sent before it on the same socket are open.
 *
 * @param onChange called for each update, including missed ones that were read later, with the previous status if it is known
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
    const code = codeOf(error);
    if (code === 'UNAUTHENTICATED') connection.state.set('signed-out');
    if (code === 'FORBIDDEN') state.set('forbidden');
    if (connection.state.get() === 'signed-out' || code === 'FORBIDDEN') return;
    state.set('failed');
    reopening = setTimeout(open, REOPEN_MS);
  };

  const track = (job: VideoJobFieldsFragment, isReported: boolean): void => {
    if (isReported) onChange(job, statuses.get(job.id));
    if (job.isTerminal) statuses.delete(job.id);
    else statuses.set(job.id, job.status);
  };

  // Reads as many pages as the list already has, so that all missed changes are found.
  const load = async (): Promise<void> => {
    const known = readJobs(apollo)?.nodes ?? [];
    const oldest = known.at(-1)?.id;
    let first = Math.min(Math.max(PAGE, known.length), MAX_PAGE);
    let after: string | null = null;
    let isReached: boolean;
    do {
      const page: Page = await readPage(apollo, first, after);
      // Jobs that were unknown are not reported: they may be old.
      for (const job of page.nodes)
        if (statuses.has(job.id) || !job.isTerminal) track(job, statuses.has(job.id));
      const last = page.nodes.at(-1)?.id;
      // Ids start with the time of acceptance.
      isReached = oldest === undefined || last === undefined || last <= oldest;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      first = MAX_PAGE;
    } while (after !== null && !isReached);
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
        track(job, true);
      },
      error: failed,
      complete: () => failed(new Error('The feed ended.')),
    });
    // Otherwise `onConnected` loads the list.
    if (connection.state.get() === 'connected') loadOrFail();
  };

  const offConnected = connection.onConnected(() => {
    void syncServerClock();
    loadOrFail();
  });
  // After a new sign-in the subscription is opened again.
  let before = connection.state.get();
  const offState = connection.state.subscribe(() => {
    const now = connection.state.get();
    if (before === 'signed-out' && now === 'connecting') open();
    before = now;
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
      offState();
      subscription?.unsubscribe();
    },
  };
}

interface Page {
  readonly nodes: readonly VideoJobFieldsFragment[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Reads a page from the gateway into the cache. @throws when it could not be read */
async function readPage(apollo: ApolloClient, first: number, after: string | null): Promise<Page> {
  const query = { query: VideoJobsDocument, variables: { first, after } };
  // Bypass the cache: it would return the whole merged list.
  const { data, error } = await apollo.query({ ...query, fetchPolicy: 'no-cache' });
  if (data === undefined) throw new Error('The list of jobs could not be read.', { cause: error });
  apollo.writeQuery({ ...query, data });
  return data.videoJobs;
}

function readJobs(apollo: ApolloClient) {
  return apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
}

/** The gateway's `extensions.code`; undefined when the error is not from the gateway. */
function codeOf(failure: unknown): unknown {
  const error = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : undefined;
}
