import type { Connection } from '../connection/connection.ts';
import type { OperationText } from '../operation-text.ts';
import { VIDEO_JOBS_DELETED, VIDEO_JOBS_UPDATED } from '../operations.ts';
import type { VideoJobChange } from '../reelgate.ts';
import { Channel } from './channel.ts';

/** More unread changes are replaced by `watching`: the reader has to read the list again. */
const MAX_UNREAD = 1000;

/** The changes of all jobs of the caller. */
export function watchAll(connection: Connection, signal: AbortSignal | undefined): Channel<VideoJobChange> {
  return new Channel<VideoJobChange>({
    signal,
    add: (unread, change) => {
      if (unread.length < MAX_UNREAD) unread.push(change);
      else unread.splice(0, Infinity, { type: 'watching' });
    },
    start: (channel) => {
      /** The subscriptions that have been active. */
      const active = new Set<string>();
      let isAnnounced = false;
      // Once in a turn: after a reconnection both become active together.
      const announce = (query: string): void => {
        active.add(query);
        if (isAnnounced || active.size < 2) return;
        isAnnounced = true;
        queueMicrotask(() => {
          isAnnounced = false;
          channel.push({ type: 'watching' });
        });
      };
      const subscribe = <Data>(
        query: OperationText<Data, never>,
        changeOf: (data: Data) => VideoJobChange,
      ): (() => void) =>
        connection.subscribe<Data>(
          { query },
          {
            open: () => announce(query),
            next: ({ data }) => {
              if (data != null) channel.push(changeOf(data));
            },
            error: (reason) => channel.fail(reason),
          },
        );
      const stops = [
        subscribe(VIDEO_JOBS_UPDATED, ({ videoJobsUpdated: job }) => ({ type: 'updated', job })),
        subscribe(VIDEO_JOBS_DELETED, ({ videoJobsDeleted: id }) => ({ type: 'deleted', id })),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  });
}
