import { rmSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { lookAgainAfterMove } from '../../src/archive/archive-place.ts';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { systemClock } from '../../src/process/clocks.ts';
import type { FileTasks } from '../../src/store/file-tasks.ts';
import { NO_EVENTS } from '../support/events.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../support/times.ts';
import { ArchiverHarness, openEmbedded, openShared, REST_MS } from './archiver-harness.ts';
import { file } from './file-server.ts';
import { sampleMp4 } from './sample-mp4.ts';

const VIDEO = sampleMp4({ dataLength: 50_000 });

describe.each([
  ['the embedded store', openEmbedded],
  ['Redis', openShared],
])('the place of the archive with %s', (_store, open) => {
  let harness: ArchiverHarness;
  let start: number;
  beforeEach(async () => {
    harness = await ArchiverHarness.start(await open());
    start = harness.clock.now();
  });

  it('a folder that was deleted between two starts is filled again', async () => {
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    harness.run();
    await harness.untilArchived(job);
    const place = async () => {
      await harness.clock.advance(SECOND);
      return harness.lastPlace.read();
    };
    await expect.poll(place, { interval: 5, timeout: 30_000 }).not.toBeNull();
    await harness.archiver.stop();
    rmSync(harness.folder, { recursive: true });
    const blobs = await FolderBlobStore.open({
      path: harness.folder,
      isShared: false,
      now: Date.now,
      events: NO_EVENTS,
    });
    harness.restart({ blobs, place: { current: blobs.place, last: harness.lastPlace } });
    const stored = async () => {
      await harness.clock.advance(SECOND);
      return harness.stored(job);
    };
    await expect.poll(stored, { interval: 5, timeout: 30_000 }).toEqual(VIDEO);
    expect(harness.linesOf('warn')).toEqual([expect.stringContaining('the archive is another one')]);
  });

  it('makes nothing due while it stays the same', async () => {
    await restingJob();
    await look('a', start);
    await rest();
    await look('a', start + SECOND);
    await look('a', start + 2 * DAY);
    expect(await harness.tasks.nextDueAt()).toBe(start + REST_MS);
  });

  it('makes all due after a move, and for a day at each start: another instance may have the earlier place', async () => {
    await restingJob();
    await look('a', start);
    await rest();
    await look('b', start + MINUTE);
    expect(await harness.tasks.nextDueAt()).toBe(start + MINUTE);
    await rest();
    await look('b', start + HOUR);
    expect(await harness.tasks.nextDueAt()).toBe(start + HOUR);
    await rest();
    await look('b', start + MINUTE + DAY);
    expect(await harness.tasks.nextDueAt()).toBe(start + REST_MS);
  });

  it('looks again when it was interrupted', async () => {
    await restingJob();
    await look('a', start);
    await rest();
    const stop = new AbortController();
    const makeDue: FileTasks['makeDue'] = async () => {
      stop.abort(new Error('stopped'));
      throw new Error('away');
    };
    await expect(look('b', start, { makeDue }, stop.signal)).rejects.toThrow('stopped');
    expect(await harness.tasks.nextDueAt()).toBe(start + REST_MS);
    await look('b', start);
    expect(await harness.tasks.nextDueAt()).toBe(start);
  });

  async function restingJob(): Promise<void> {
    await harness.complete({ url: 'https://files.example.com/a.mp4' });
    await rest();
  }

  /** Looks at the task, as an archiver does that finds the video. */
  async function rest(): Promise<void> {
    const now = start + 2 * DAY;
    const leased = await harness.tasks.lease({ now, limit: 10, leaseUntil: now + MINUTE });
    expect(leased).toHaveLength(1);
    for (const task of leased) {
      await harness.tasks.release(task, { runAt: start + REST_MS, failureCount: 0 });
    }
  }

  /** A start with the archive at this place. */
  function look(
    current: string,
    now: number,
    tasks: Pick<FileTasks, 'makeDue'> = harness.tasks,
    signal = new AbortController().signal,
  ): Promise<void> {
    const options = {
      tasks,
      place: { current, last: harness.lastPlace },
      clock: { ...systemClock, now: () => now, sleep: async () => {} },
      random: () => 1,
      events: NO_EVENTS,
    };
    return lookAgainAfterMove(options, signal);
  }
});
