import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BlobStoreError } from '../../src/archive/blob-store.ts';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { readVideoData } from '../../src/archive/video-data.ts';
import { videoKey } from '../../src/archive/video-key.ts';
import type { FileTasks } from '../../src/store/file-tasks.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { NO_EVENTS } from '../support/events.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { HOUR, MINUTE } from '../support/times.ts';
import { until } from '../support/until.ts';
import { ArchiverHarness, openEmbedded, overridden, REST_MS, RETENTION_MS } from './archiver-harness.ts';
import { file, FileServer, silent, status } from './file-server.ts';
import { sampleMp4 } from './sample-mp4.ts';

const VIDEO = sampleMp4({ dataLength: 200_000 });
const HTML = status(200, { 'content-type': 'text/html' }, '<!doctype html><html>not now</html>');

describe('a video that cannot be had', () => {
  it('is reported once, tried again at long intervals, and given up when the upstream no longer keeps it', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    const start = harness.clock.now();
    const job = await harness.complete({ url: harness.server.on('/a.mp4', HTML) });
    harness.run();
    await harness.until(async () => (await harness.tasks.nextDueAt()) === start + REST_MS);
    expect(harness.clock.now() - start).toBeGreaterThan(RETENTION_MS - 3 * HOUR);
    const { length } = harness.server.requests;
    expect(length).toBeGreaterThan(RETENTION_MS / (3 * HOUR));
    expect(length).toBeLessThan(RETENTION_MS / HOUR);
    const [line, ...others] = harness.logged.filter(({ level }) => level === 'error');
    expect(line).toEqual({
      level: 'error',
      message: 'a video cannot be archived; it is tried again at long intervals',
      details: {
        part: 'archiver',
        jobId: job.id,
        reason: 'it is not a playable MP4: it does not begin like an MP4 ("<!doctype html><")',
      },
    });
    expect(others).toEqual([]);
    expect(harness.files()).toEqual([]);
    expect(harness.leftovers()).toEqual([]);
  });

  it('is tried for as long as the upstream keeps it while its host is down', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    const start = harness.clock.now();
    await harness.complete({ url: harness.server.on('/a.mp4', status(503)), expiresAt: start + 24 * HOUR });
    harness.run();
    await harness.until(async () => (await harness.tasks.nextDueAt()) === start + REST_MS);
    expect(harness.clock.now() - start).toBeGreaterThan(23 * HOUR);
    expect(harness.server.requests.length).toBeGreaterThan(48);
    expect(harness.linesOf('error')).toEqual(['a video cannot be archived; it is not tried again']);
  });

  it('is tried for half a day when the upstream keeps its files for a shorter time', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    const start = harness.clock.now();
    await harness.complete({ url: harness.server.on('/a.mp4', status(503)), expiresAt: start });
    harness.run();
    await harness.until(async () => (await harness.tasks.nextDueAt()) === start + REST_MS);
    expect(harness.clock.now() - start).toBeGreaterThan(11 * HOUR);
  });

  it('with another length than the upstream reported is accepted after some tries', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    const url = harness.server.on('/a.mp4', file(VIDEO));
    const job = await harness.complete({ url, byteLength: VIDEO.length + 1 });
    harness.run();
    await harness.untilArchived(job);
    expect(harness.server.requests).toHaveLength(5);
    expect(harness.logged[0]?.details['reason']).toBe(
      `it has ${VIDEO.length} bytes, but the upstream reported ${VIDEO.length + 1}`,
    );
  });

  it('in base64 of another type stays in the store', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    const webm = Buffer.from('1a45dfa3', 'hex').toString('base64');
    const job = await harness.complete({ inline: true, contentType: 'video/webm' }, webm);
    harness.run();
    await harness.until(() => harness.linesOf('error').length === 1);
    expect(await readVideoData(job.id, harness.store, harness.blobs)).toBe(webm);
  });

  it('is refused at a private address', async () => {
    const harness = await ArchiverHarness.start(await openEmbedded());
    await using other = await FileServer.start();
    const url = harness.server.on('/a.mp4', status(302, { location: other.on('/a.mp4', file(VIDEO)) }));
    await harness.complete({ url });
    harness.run();
    await harness.until(() => harness.linesOf('error').length === 1);
    expect(other.requests).toEqual([]);
    expect(harness.logged.at(-1)?.details['reason']).toBe(
      `${new URL(other.origin).host} is not a public host`,
    );
  });
});

it('videos of a host that does not answer do not hold up those of other hosts', async () => {
  await using hanging = await FileServer.start();
  const harness = await ArchiverHarness.start(await openEmbedded(), {
    trusted: [hanging.origin],
    idleTimeoutMs: 1500,
  });
  for (let index = 0; index < 40; index += 1) {
    await harness.complete({ url: hanging.on(`/${index}`, silent) });
  }
  const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
  harness.run();
  await harness.untilArchived(job);
  // Without the limit of a failing host, these would have taken five rounds of eight.
  expect(hanging.requests.length).toBeLessThan(20);
});

it('a host that fails does not count as one that answers because a video of it is stored already', async () => {
  const [requests, looks]: [string[], string[]] = [[], []];
  const harness = await ArchiverHarness.start(await openEmbedded(), {
    change: {
      files: {
        fetch: ({ url }) => {
          requests.push(url);
          return Promise.reject(new Error('connection refused'));
        },
      },
    },
    wrapBlobs: (blobs) => ({
      ...overridden(blobs),
      head: (key, signal) => {
        looks.push(key);
        return blobs.head(key, signal);
      },
    }),
  });
  harness.run();
  const early = 'https://example.com/early.mp4';
  for (let index = 0; index < 2; index += 1) await harness.complete({ url: early });
  await harness.until(() => requests.length >= 2);
  const stored = videoKey((await harness.complete({ url: early })).id);
  const { signal } = new AbortController();
  const blob = { byteLength: VIDEO.length, contentType: 'video/mp4', signal };
  await harness.blobs.put(stored, Readable.from([VIDEO]), blob);
  await harness.until(() => looks.includes(stored));
  const late = 'https://example.com/late.mp4';
  for (let index = 0; index < 8; index += 1) await harness.complete({ url: late });
  await harness.until(() => requests.includes(late));
  // With the next turn, the work of this one has ended.
  const now = harness.clock.now();
  await harness.until(() => harness.clock.now() > now);
  // One of them finds out whether the host is back, and another one or the same once more.
  expect(requests.filter((url) => url === late).length).toBeLessThanOrEqual(2);
});

describe('while the storage of videos fails', () => {
  it('nothing is lost: all wait, one is tried at a time, and no failure counts', async () => {
    let isDown = true;
    let puts = 0;
    const harness = await ArchiverHarness.start(await openEmbedded(), {
      wrapBlobs: (blobs) => ({
        ...overridden(blobs),
        put: (key, body, blob) => {
          puts += 1;
          if (!isDown) return blobs.put(key, body, blob);
          body.destroy();
          return Promise.reject(new BlobStoreError('the disk is full'));
        },
      }),
    });
    const start = harness.clock.now();
    const jobs = [];
    for (let index = 0; index < 20; index += 1) {
      jobs.push(await harness.complete({ url: harness.server.on(`/${index}`, file(VIDEO)) }));
    }
    harness.run();
    await harness.until(() => harness.clock.now() > start + 15 * MINUTE);
    // Eight at first, then one at the end of each pause of half a minute at most.
    expect(puts).toBeGreaterThan(8 + 20);
    expect(puts).toBeLessThan(8 + 90);
    expect(new Set(harness.linesOf('error'))).toEqual(
      new Set(['the archive cannot be used; no video is archived until it can']),
    );
    isDown = false;
    await harness.until(() => harness.linesOf('info').length === jobs.length);
    expect(harness.files()).toHaveLength(jobs.length);
    expect(harness.leftovers()).toEqual([]);
  });

  it('a full disk is such a failure, for the archive and for downloads', async ({ skip }) => {
    const full = tinyDisk();
    if (full === null) return skip('this needs the right to mount a file system');
    const stored = await FolderBlobStore.open({
      path: join(full, 'archive'),
      isShared: false,
      now: Date.now,
      events: NO_EVENTS,
    });
    const large = sampleMp4({ dataLength: 2_000_000 });
    const harness = await ArchiverHarness.start(await openEmbedded(), { wrapBlobs: () => stored });
    const job = await harness.complete({ url: harness.server.on('/large', file(large)) });
    harness.run();
    await harness.until(() => harness.linesOf('error').length > 0);
    expect(harness.logged.at(-1)?.details['err']).toHaveProperty(
      'message',
      expect.stringContaining('almost full disk'),
    );
    await harness.archiver.stop();
    const small = await ArchiverHarness.start(harness, {
      trusted: [harness.server.origin],
      change: { tempFolder: full },
    });
    small.run();
    await small.until(() => small.linesOf('error').length > 0);
    const fault = small.logged.at(-1)?.details['err'];
    expect(String(fault)).toContain('Downloads cannot be written');
    const logged = fault instanceof Error ? pino.stdSerializers.err(fault).message : '';
    expect(logged.match(/ENOSPC/g)).toHaveLength(1);
    await small.archiver.stop();
    execFileSync('mount', ['-o', 'remount,size=10m', full]);
    harness.restart();
    await harness.untilArchived(job);
    expect(await stored.head(videoKey(job.id))).toBe(large.length);
  });
});

it('a stop does not wait for a storage that does not answer', async () => {
  const asked = Promise.withResolvers<void>();
  const harness = await ArchiverHarness.start(await openEmbedded(), {
    wrapBlobs: (blobs) => ({
      ...overridden(blobs),
      head: async (_key, signal = new AbortController().signal) => {
        asked.resolve();
        await once(signal, 'abort');
        throw signal.reason;
      },
    }),
  });
  await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
  harness.run();
  await asked.promise;
  await harness.archiver.stop();
  expect(await harness.tasks.nextDueAt()).toBeLessThanOrEqual(harness.clock.now());
  expect(harness.logged).toEqual([]);
});

it('a stop during the deletion of the file of a removed job is no fault', async () => {
  const [gate, deleting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const harness = await ArchiverHarness.start(await openEmbedded(), {
    wrapBlobs: (blobs) => ({
      ...overridden(blobs),
      put: async (key, body, blob) => {
        await gate.promise;
        await blobs.put(key, body, blob);
      },
      delete: async (_key, signal = new AbortController().signal) => {
        deleting.resolve();
        await once(signal, 'abort');
        throw signal.reason;
      },
    }),
  });
  const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
  harness.run();
  await harness.until(() => harness.server.requests.length === 1);
  await harness.store.remove(job);
  gate.resolve();
  await deleting.promise;
  await harness.archiver.stop();
  expect(harness.logged).toEqual([]);
});

it('while the store is unavailable the archiver waits', async () => {
  const opened = await openEmbedded();
  let isDown = true;
  const tasks: FileTasks = {
    makeDue: (after, limit, runAt) => opened.tasks.makeDue(after, limit, runAt),
    addMissing: (after, limit, runAt) => opened.tasks.addMissing(after, limit, runAt),
    lease: (query) => opened.tasks.lease(query),
    extend: (task, leaseUntil) => opened.tasks.extend(task, leaseUntil),
    release: (task, schedule) => opened.tasks.release(task, schedule),
    complete: (task) => opened.tasks.complete(task),
    nextDueAt: () => (isDown ? Promise.reject(new StoreUnavailableError('away')) : opened.tasks.nextDueAt()),
  };
  const harness = await ArchiverHarness.start({ ...opened, tasks });
  const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
  harness.run();
  await until(() => harness.linesOf('error'), ['the store failed; archiving pauses until it is available']);
  isDown = false;
  await harness.untilArchived(job);
  expect(await harness.stored(job)).toEqual(VIDEO);
});

/** A disk of 1 MiB until the end of the test; null: this user may not mount one. */
function tinyDisk(): string | null {
  const folder = tempFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const path = join(folder.path, 'disk');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', path]));
  return path;
}
