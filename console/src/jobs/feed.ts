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

/** Jobs in the first page and in each that is asked for; the gateway allows 100. */
export const PAGE = 24;
const MAX_PAGE = 100;
/** Milliseconds before a feed that the gateway ended is opened again. */
const REOPEN_MS = 1000;

/**
 * How far the list is: `loading` until it was read once, then `ready`; `failed` while it could not be read;
 * `forbidden` for a token that may not.
 */
export type FeedState = 'loading' | 'ready' | 'failed' | 'forbidden';

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
 * @param onChange told of each update, also of one that was missed and read later, and of the status that the job had
 *   before, if it is known
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

  const note = (job: VideoJobFieldsFragment, isTold: boolean): void => {
    if (isTold) onChange(job, statuses.get(job.id));
    if (job.isTerminal) statuses.delete(job.id);
    else statuses.set(job.id, job.status);
  };

  // As far down as the list goes already: whatever was missed is in there, however many jobs came meanwhile.
  const load = async (): Promise<void> => {
    const known = readJobs(apollo)?.nodes ?? [];
    const oldest = known.at(-1)?.id;
    let first = Math.min(Math.max(PAGE, known.length), MAX_PAGE);
    let after: string | null = null;
    let isReached: boolean;
    do {
      const page: Page = await readPage(apollo, first, after);
      // Of those that were not known before nothing is told: they may be old.
      for (const job of page.nodes)
        if (statuses.has(job.id) || !job.isTerminal) note(job, statuses.has(job.id));
      const last = page.nodes.at(-1)?.id;
      // Ids begin with the time of acceptance.
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
        note(job, true);
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
  // Whoever signs in again has everything opened again.
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
  // Past the cache, which would answer with the whole list that the page has become a part of.
  const { data, error } = await apollo.query({ ...query, fetchPolicy: 'no-cache' });
  if (data === undefined) throw new Error('The list could not be read.', { cause: error });
  apollo.writeQuery({ ...query, data });
  return data.videoJobs;
}

function readJobs(apollo: ApolloClient) {
  return apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
}

/** The gateway's code of an error; undefined when it was none of the gateway's. */
function codeOf(failure: unknown): unknown {
  const error = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : undefined;
}
