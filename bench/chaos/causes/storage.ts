import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cause } from '../cause.ts';
import type { Stage } from '../stage.ts';
import { waitFor } from '../wait-for.ts';

const MARK = '.reelgate-archive';
/** Below the reserve of the archive, and enough for some videos. */
const ALMOST_FULL_BYTES = 512 * 1024;
const ON = 'embedded';
const PROMPT = 'a cat jumps';
/** After that the upstream no longer keeps a file. */
const AFTER_FILE_MS = 9 * 24 * 3_600_000;

/** Faults of the embedded store, of its archive, and of receivers of webhooks. The last one needs a gateway without unfinished jobs. */
export const STORAGE_CAUSES: readonly Cause[] = [
  {
    fault: 'the disk of the embedded store is full',
    on: ON,
    begin: async ({ disk, load, toEmbedded }) => {
      disk.fill(0);
      // They fill the room that the files of the database have.
      await load.submitMany(toEmbedded, 30, PROMPT.padEnd(1900, '.'));
      return async () => disk.empty();
    },
    maxMs: 40_000,
  },
  {
    fault: 'the disk of `ARCHIVE=folder` is almost full',
    on: ON,
    begin: async ({ archiveDisk, load, toEmbedded }) => {
      archiveDisk.fill(ALMOST_FULL_BYTES);
      await load.submitMany(toEmbedded, 2, PROMPT);
      return async () => archiveDisk.empty();
    },
  },
  {
    fault: 'the archive is full, or cannot be reached or written',
    on: ON,
    begin: async ({ archiveDisk, load, toEmbedded }) => {
      archiveDisk.setWritable(false);
      await load.submitMany(toEmbedded, 2, PROMPT);
      return async () => archiveDisk.setWritable(true);
    },
  },
  {
    fault: 'the folder of the archive was deleted',
    on: ON,
    begin: async (stage) => {
      const heal = loseMark(stage);
      await stage.load.submitMany(stage.toEmbedded, 2, PROMPT);
      return heal;
    },
  },
  {
    fault: 'the same fault repeats',
    on: ON,
    begin: async (stage) => {
      const heal = loseMark(stage);
      await stage.load.submitMany(stage.toEmbedded, 6, PROMPT);
      return heal;
    },
  },
  {
    fault: 'a process is killed while it copies',
    on: ON,
    begin: async ({ upstream, embedded, load, toEmbedded }) => {
      let copies = 0;
      upstream.fault = (path) => {
        if (!path.startsWith('/videos/')) return null;
        copies += 1;
        return 'hang';
      };
      await load.submitMany(toEmbedded, 2, PROMPT);
      await waitFor('videos are being copied', async () => copies > 0);
      await embedded.end('SIGKILL');
      await embedded.start();
      return async () => {
        upstream.fault = null;
        upstream.cut();
      };
    },
  },
  {
    fault: 'a process is killed while it sends a webhook',
    on: ON,
    // Before the receiver fails: deliveries that wait for another attempt count as well.
    begin: async ({ receiver, embedded, load, toEmbedded }) => {
      receiver.status = null;
      const { messages } = receiver;
      await load.submitMany(toEmbedded, 2, PROMPT);
      await waitFor('a message is being sent', async () => receiver.messages > messages);
      await embedded.end('SIGKILL');
      await embedded.start();
      return async () => {
        receiver.status = 204;
      };
    },
  },
  {
    fault: 'a receiver of webhooks fails, hangs or is down',
    on: ON,
    begin: async ({ receiver, load, toEmbedded }) => {
      receiver.status = 500;
      const { messages } = receiver;
      await load.submitMany(toEmbedded, 2, PROMPT);
      await waitFor('the receiver fails', async () => receiver.messages > messages);
      receiver.status = 410;
      return async () => {
        receiver.status = 204;
      };
    },
    maxMs: 40_000,
  },
  {
    fault: 'the data folder was deleted or replaced',
    on: ON,
    begin: async ({ dataDir, embedded }) => {
      renameSync(dataDir, `${dataDir}-away`);
      return async () => {
        await embedded.end('SIGTERM');
        renameSync(`${dataDir}-away`, dataDir);
        await embedded.start();
      };
    },
  },
  {
    fault: 'the upstream lost a file before it was copied',
    on: ON,
    // Its file is gone while the upstream should have it, and later when it need not.
    begin: async ({ upstream, embedded, load, toEmbedded, clockFile }, untilSeen) => {
      load.stop(toEmbedded);
      upstream.fault = (path) => (path.startsWith('/videos/') ? 404 : null);
      await load.submit(toEmbedded, PROMPT);
      await waitFor(
        'all jobs of the embedded store have ended',
        async () => {
          const ends = await load.ends(toEmbedded);
          return !ends.has('QUEUED') && !ends.has('PROCESSING');
        },
        180_000,
      );
      await untilSeen('reelgate_archive_duration_seconds_count{outcome="retry"}');
      await embedded.end('SIGTERM');
      writeFileSync(clockFile, String(AFTER_FILE_MS));
      await embedded.start();
      return async () => {
        upstream.fault = null;
      };
    },
    maxMs: 40_000,
  },
];

function loseMark({ archiveDisk }: Stage): () => Promise<void> {
  const mark = join(archiveDisk.path, MARK);
  renameSync(mark, `${mark}-away`);
  return async () => renameSync(`${mark}-away`, mark);
}
