import { backoffMs, pause } from '../connection/backoff.ts';
import type { Connection } from '../connection/connection.ts';
import type { OperationText } from '../operation-text.ts';
import { VIDEO_JOBS_DELETED, VIDEO_JOBS_UPDATED } from '../operations.ts';
import type { VideoJobChange } from '../reelgate.ts';
import { Channel } from './channel.ts';

/** What `watchAll` needs. */
export interface WatchAllOptions {
  readonly connection: Connection;
  readonly signal: AbortSignal | undefined;
  readonly random: () => number;
}

/** More unread changes are replaced by `watching`: the reader has to read the list again. */
const MAX_UNREAD = 1000;

/** The changes of all jobs of the caller. */
export function watchAll({ connection, signal, random }: WatchAllOptions): Channel<VideoJobChange> {
  return new Channel<VideoJobChange>({
    add: addChange,
    start: (channel) => {
      const over = new AbortController();
      /** The functions that end the subscriptions, by their text. */
      const open = new Map<string, () => void>();
      /** The subscriptions that have been active. */
      const active = new Set<string>();
      let isAnnounced = false;
      // Once in a turn: after a reconnection both become active together.
      const announce = (): void => {
        if (isAnnounced || active.size < 2) return;
        isAnnounced = true;
        queueMicrotask(() => {
          isAnnounced = false;
          channel.push({ type: 'watching' });
        });
      };
      const keep = <Data>(
        query: OperationText<Data, never>,
        changeOf: (data: Data) => VideoJobChange,
        failures = 0,
      ): void => {
        let completions = failures;
        const unsubscribe = connection.subscribe<Data>(
          { query },
          {
            open: () => {
              completions = 0;
              active.add(query);
              announce();
            },
            next: ({ data }) => {
              if (data != null) channel.push(changeOf(data));
            },
            error: (reason) => channel.fail(reason),
            // Some routers complete a subscription when they lose the gateway.
            complete: () => {
              active.delete(query);
              pause(backoffMs(completions, random), over.signal).then(
                () => keep(query, changeOf, completions + 1),
                () => {},
              );
            },
          },
        );
        open.set(query, unsubscribe);
      };
      const abort = (): void => channel.fail(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted === true) abort();
      else {
        keep(VIDEO_JOBS_UPDATED, ({ videoJobsUpdated: job }) => ({
          type: 'updated',
          job,
        }));
        keep(VIDEO_JOBS_DELETED, ({ videoJobsDeleted: id }) => ({
          type: 'deleted',
          id,
        }));
      }
      return () => {
        signal?.removeEventListener('abort', abort);
        over.abort();
        for (const unsubscribe of open.values()) unsubscribe();
      };
    },
  });
}

/** A change replaces an unread one of the same job, and `watching` an unread `watching`. */
function addChange(unread: VideoJobChange[], change: VideoJobChange): void {
  const key = keyOf(change);
  const index = unread.findIndex((other) => keyOf(other) === key);
  if (index >= 0) unread.splice(index, 1);
  if (unread.length < MAX_UNREAD) unread.push(change);
  else unread.splice(0, Infinity, { type: 'watching' });
}

function keyOf(change: VideoJobChange): string {
  if (change.type === 'watching') return '';
  return change.type === 'updated' ? change.job.id : change.id;
}
