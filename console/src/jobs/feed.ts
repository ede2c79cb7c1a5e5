import { type ApolloClient, CombinedGraphQLErrors } from '@apollo/client';
import {
  type VideoJobFieldsFragment,
  type VideoJobStatus,
  VideoJobsDeletedDocument,
  VideoJobsDocument,
  VideoJobsUpdatedDocument,
} from '@reelgate/client/documents';
import type { Connection } from '../gateway/connection.ts';
import { addToList, readJob, removeJobs } from '../gateway/job-cache.ts';
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

/** Called with the previous status of the job; undefined when it is unknown. */
type OnChange = (job: VideoJobFieldsFragment, before: VideoJobStatus | undefined) => void;
/** Called with a cached job that is deleted while the feed is open. */
type OnDelete = (job: VideoJobFieldsFragment) => void;

/**
 * Keeps the cached list of jobs up to date: subscribes to the changes and deletions of the caller's jobs, then reads the list, and
 * repeats both after each new connection. Earlier changes are in the list, later ones arrive as updates. No change is lost in
 * between: the gateway answers a query only after the subscriptions that were sent before it on the same socket are open.
 */
export class Feed {
  readonly state = new Store<FeedState>('loading');
  /** Ids of the jobs that are gone. A list or an update that was sent before the deletion can arrive after it. */
  readonly deleted = new Store<ReadonlySet<string>>(new Set());
  readonly #apollo: ApolloClient;
  readonly #connection: Connection;
  readonly #onChange: OnChange;
  readonly #onDelete: OnDelete;
  /** Statuses of the unfinished jobs. */
  readonly #statuses = new Map<string, VideoJobStatus>();
  readonly #cleanups: (() => void)[] = [];
  #reopening: ReturnType<typeof setTimeout> | undefined;
  #subscriptions: readonly { unsubscribe(): void }[] = [];
  #stopped = false;

  private constructor(apollo: ApolloClient, connection: Connection, onChange: OnChange, onDelete: OnDelete) {
    this.#apollo = apollo;
    this.#connection = connection;
    this.#onChange = onChange;
    this.#onDelete = onDelete;
  }

  /** @param onChange called for each update, including missed ones that were read later */
  static start(
    apollo: ApolloClient,
    connection: Connection,
    onChange: OnChange,
    onDelete: OnDelete = () => {},
  ): Feed {
    const feed = new Feed(apollo, connection, onChange, onDelete);
    feed.#listenToConnection();
    feed.#open();
    return feed;
  }

  /** Reads the next page. */
  async loadOlder(): Promise<void> {
    await this.#readPage(PAGE, readJobs(this.#apollo)?.pageInfo.endCursor ?? null);
  }

  /** Removes jobs that do not exist any more. */
  remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.deleted.set(new Set([...this.deleted.get(), ...ids]));
    for (const id of ids) this.#statuses.delete(id);
    removeJobs(this.#apollo, ids);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#reopening);
    for (const cleanup of this.#cleanups) cleanup();
    this.#unsubscribe();
  }

  #listenToConnection(): void {
    const connection = this.#connection;
    let before = connection.state.get();
    this.#cleanups.push(
      connection.onConnected(() => {
        void syncServerClock();
        this.#loadOrFail();
      }),
      // After a new sign-in the subscriptions are opened again. The token may be another owner's, who has other jobs.
      connection.state.subscribe(() => {
        const now = connection.state.get();
        if (before === 'signed-out' && now === 'connecting') {
          this.deleted.set(new Set());
          this.#open();
        }
        before = now;
      }),
    );
  }

  #open(): void {
    this.#reopening = undefined;
    if (this.#stopped) return;
    const end = {
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#fail(new Error('The feed ended.')),
    };
    this.#subscriptions = [
      this.#apollo.subscribe({ query: VideoJobsUpdatedDocument }).subscribe({
        next: ({ data, error }) => {
          if (data == null) return this.#fail(error);
          const job = data.videoJobsUpdated;
          if (this.deleted.get().has(job.id)) return;
          addToList(this.#apollo, job.id);
          this.#track(job, true);
        },
        ...end,
      }),
      this.#apollo.subscribe({ query: VideoJobsDeletedDocument }).subscribe({
        next: ({ data, error }) => {
          if (data == null) return this.#fail(error);
          this.#removeDeleted(data.videoJobsDeleted);
        },
        ...end,
      }),
    ];
    // Otherwise `onConnected` loads the list.
    if (this.#connection.state.get() === 'connected') this.#loadOrFail();
  }

  #loadOrFail(): void {
    this.#load().catch((error: unknown) => this.#fail(error));
  }

  #removeDeleted(id: string): void {
    const job = readJob(this.#apollo.cache, id);
    this.remove([id]);
    if (job !== null) this.#onDelete(job);
    const jobs = readJobs(this.#apollo);
    if (jobs?.nodes.length === 0 && jobs.pageInfo.hasNextPage) this.#loadOrFail();
  }

  /** Reads as many pages as the list already has, so that all missed changes and deletions are found. */
  async #load(): Promise<void> {
    const known = readJobs(this.#apollo)?.nodes ?? [];
    const oldest = known.at(-1)?.id;
    let first = Math.min(Math.max(PAGE, known.length), MAX_PAGE);
    let after: string | null = null;
    let isReached: boolean;
    // Only jobs that were known before the read: it does not contain newer ones.
    const missing = new Set(known.map(({ id }) => id));
    do {
      const page: Page = await this.#readPage(first, after);
      for (const job of page.nodes) {
        missing.delete(job.id);
        const isKnown = this.#statuses.has(job.id);
        // Jobs that were unknown are not reported: they may be old.
        if (isKnown || !job.isTerminal) this.#track(job, isKnown);
      }
      const last = page.nodes.at(-1)?.id;
      // Ids start with the time of acceptance.
      isReached = oldest === undefined || last === undefined || last <= oldest;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      first = MAX_PAGE;
    } while (after !== null && !isReached);
    this.remove([...missing]);
    this.state.set('ready');
  }

  #track(job: VideoJobFieldsFragment, isReported: boolean): void {
    if (isReported) this.#onChange(job, this.#statuses.get(job.id));
    if (job.isTerminal) this.#statuses.delete(job.id);
    else this.#statuses.set(job.id, job.status);
  }

  #fail(error: unknown): void {
    if (this.#stopped || this.#reopening !== undefined) return;
    this.#unsubscribe();
    const code = codeOf(error);
    const { state } = this.#connection;
    if (code === 'UNAUTHENTICATED') state.set('signed-out');
    if (code === 'FORBIDDEN') this.state.set('forbidden');
    if (state.get() === 'signed-out' || code === 'FORBIDDEN') return;
    this.state.set('failed');
    this.#reopening = setTimeout(() => this.#open(), REOPEN_MS);
  }

  #unsubscribe(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Reads a page from the gateway into the cache. @throws when it could not be read */
  async #readPage(first: number, after: string | null): Promise<Page> {
    const query = { query: VideoJobsDocument, variables: { first, after } };
    // Bypass the cache: it would return the whole merged list.
    const { data, error } = await this.#apollo.query({ ...query, fetchPolicy: 'no-cache' });
    if (data === undefined) throw new Error('The list of jobs could not be read.', { cause: error });
    const { nodes, pageInfo } = data.videoJobs;
    const kept = nodes.filter(({ id }) => !this.deleted.get().has(id));
    this.#apollo.writeQuery({ ...query, data: { videoJobs: { ...data.videoJobs, nodes: kept } } });
    return { nodes, pageInfo };
  }
}

interface Page {
  readonly nodes: readonly VideoJobFieldsFragment[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

function readJobs(apollo: ApolloClient) {
  return apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
}

/** The gateway's `extensions.code`; undefined when the error is not from the gateway. */
function codeOf(failure: unknown): unknown {
  const error = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : undefined;
}
