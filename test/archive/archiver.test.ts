import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from '../../src/archive/blob-store.ts';
import { readVideoData } from '../../src/archive/video-data.ts';
import { videoKey } from '../../src/archive/video-key.ts';
import { overrideStore } from '../support/override-store.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../support/times.ts';
import { until } from '../support/until.ts';
import { ArchiverHarness, openEmbedded, openShared, overridden, REST_MS } from './archiver-harness.ts';
import { file, silent, status } from './file-server.ts';
import { sampleMp4 } from './sample-mp4.ts';

const VIDEO = sampleMp4({ dataLength: 200_000 });
const BASE64 = VIDEO.toString('base64');
const HTML = status(200, { 'content-type': 'text/html' }, '<!doctype html><html>not now</html>');
const never = new AbortController().signal;

describe.each([
  ['the embedded store', openEmbedded],
  ['Redis', openShared],
])('with %s, the archiver', (_store, open) => {
  it('stores a video, and its task sleeps until the retention of the job ends', async () => {
    const harness = await ArchiverHarness.start(await open());
    const start = harness.clock.now();
    const url = harness.server.on('/a.mp4', file(VIDEO));
    const job = await harness.complete({ url, byteLength: VIDEO.length });
    harness.run();
    await harness.untilArchived(job);
    expect(await harness.stored(job)).toEqual(VIDEO);
    expect(harness.files()).toEqual([videoKey(job.id)]);
    expect(await harness.tasks.nextDueAt()).toBe(start + REST_MS);
    expect(harness.server.requests).toHaveLength(1);
    expect(harness.logged).toEqual([
      {
        level: 'info',
        message: 'video archived',
        details: { part: 'archiver', jobId: job.id, bytes: VIDEO.length, ms: expect.any(Number) },
      },
    ]);
    expect(harness.leftovers()).toEqual([]);
  });

  it('moves the base64 of a job from the store into the archive', async () => {
    const harness = await ArchiverHarness.start(await open());
    const { store, blobs } = harness;
    const job = await harness.complete({ inline: true, byteLength: VIDEO.length }, BASE64);
    expect(await readVideoData(job.id, store, blobs)).toBe(BASE64);
    harness.run();
    await harness.untilArchived(job);
    expect(await store.getVideoData(job.id)).toBeNull();
    expect(await harness.stored(job)).toEqual(VIDEO);
    expect(await readVideoData(job.id, store, blobs)).toBe(BASE64);
    expect(await readVideoData(job.id, store, null)).toBeNull();
  });

  it('replaces an empty file, which something else has left', async () => {
    const harness = await ArchiverHarness.start(await open());
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    const signal = new AbortController().signal;
    const empty = { byteLength: 0, contentType: 'video/mp4', signal };
    await harness.blobs.put(videoKey(job.id), Readable.from([]), empty);
    harness.run();
    await harness.untilArchived(job);
    expect(await harness.stored(job)).toEqual(VIDEO);
  });

  it('after a crash it finishes what is stored already, without another download', async () => {
    const harness = await ArchiverHarness.start(await open());
    const url = harness.server.on('/a.mp4', file(VIDEO));
    const linked = await harness.complete({ url });
    const inline = await harness.complete({ inline: true }, BASE64);
    for (const { id } of [linked, inline]) await put(harness.blobs, id);
    const start = harness.clock.now();
    harness.run();
    await harness.until(async () => (await harness.tasks.nextDueAt()) === start + REST_MS);
    expect(await harness.store.getVideoData(inline.id)).toBeNull();
    expect(harness.server.requests).toEqual([]);
    expect(await harness.stored(inline)).toEqual(VIDEO);
  });

  it('deletes the file of a removed job at once, and looks a second time before it forgets the job', async () => {
    const harness = await ArchiverHarness.start(await open());
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    harness.run();
    await harness.untilArchived(job);
    const removedAt = harness.clock.now();
    expect(await harness.store.remove(job)).toBe('removed');
    await harness.until(() => harness.files().length === 0);
    expect(harness.clock.now() - removedAt).toBeLessThan(5 * MINUTE);
    // A worker that was killed during its upload may have left the upload to the storage.
    await put(harness.blobs, job.id);
    await harness.until(async () => (await harness.tasks.nextDueAt()) === null);
    expect(harness.files()).toEqual([]);
  });

  it('a job that is removed during its download leaves no file', async () => {
    const harness = await ArchiverHarness.start(await open());
    const gate = Promise.withResolvers<void>();
    const url = harness.server.on('/a.mp4', (request, response) => {
      void gate.promise.then(() => file(VIDEO)(request, response));
    });
    const job = await harness.complete({ url });
    harness.run();
    await harness.until(() => harness.server.requests.length === 1);
    await harness.store.remove(job);
    gate.resolve();
    await harness.until(async () => (await harness.tasks.nextDueAt()) === null);
    expect(harness.files()).toEqual([]);
    expect(harness.logged).toEqual([]);
  });

  it('a job that is removed during its upload leaves no file, although another worker deleted it before', async () => {
    const [putting, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const stored = Promise.withResolvers<boolean>();
    const opened = await open();
    const harness = await ArchiverHarness.start(opened, {
      wrapBlobs: (blobs) => ({
        ...overridden(blobs),
        put: async (key, body, blob) => {
          putting.resolve();
          await gate.promise;
          // Like a storage that has received the whole upload before it was aborted.
          await blobs.put(key, body, { ...blob, signal: never });
          stored.resolve((await blobs.head(key)) !== null);
        },
      }),
    });
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    harness.run();
    await putting.promise;
    await harness.store.remove(job);
    const other = await ArchiverHarness.start(opened);
    other.run();
    await other.until(async () => ((await other.tasks.nextDueAt()) ?? 0) > other.clock.now() + 5 * MINUTE);
    gate.resolve();
    expect(await stored.promise).toBe(true);
    await until(() => harness.files(), []);
  });

  it('a file that is there only later is archived later', async () => {
    const harness = await ArchiverHarness.start(await open());
    const missing = status(404);
    const url = harness.server.on('/a.mp4', missing, HTML, status(503), file(VIDEO));
    const job = await harness.complete({ url });
    harness.run();
    await harness.untilArchived(job);
    expect(await harness.stored(job)).toEqual(VIDEO);
    expect(harness.server.requests).toHaveLength(4);
    // A fourth failure would have been the first that an operator should know.
    expect(harness.linesOf('error')).toEqual([]);
  });

  it('a job whose record cannot be read keeps its file and its task', async () => {
    const opened = await open();
    const harness = await ArchiverHarness.start(opened);
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    harness.run();
    await harness.untilArchived(job);
    await harness.archiver.stop();
    harness.clock.jump(REST_MS);
    const now = harness.clock.now();
    harness.restart({
      jobs: overrideStore(opened.store, { getMany: async () => [null], isStored: async () => true }),
    });
    await harness.until(async () => ((await harness.tasks.nextDueAt()) ?? 0) >= now + HOUR);
    expect(await harness.stored(job)).toEqual(VIDEO);
  });

  it('a purged job is noticed at the end of its retention, and its file is deleted', async () => {
    const opened = await open();
    const harness = await ArchiverHarness.start(opened);
    const job = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    harness.run();
    await harness.untilArchived(job);
    await harness.archiver.stop();
    harness.restart({
      jobs: overrideStore(opened.store, { getMany: async () => [null], isStored: async () => false }),
    });
    await harness.until(async () => (await harness.tasks.nextDueAt()) === null);
    expect(harness.clock.now()).toBeGreaterThanOrEqual((job.finishedAt ?? 0) + REST_MS);
    expect(harness.files()).toEqual([]);
  });

  it('a job that another instance completed without a task gets one within a day', async () => {
    const harness = await ArchiverHarness.start(await open());
    harness.run();
    const first = await harness.complete({ url: harness.server.on('/a.mp4', file(VIDEO)) });
    await harness.untilArchived(first);
    const url = harness.server.on('/b.mp4', file(VIDEO));
    const other = await harness.complete({ url }, undefined, false);
    harness.clock.jump(DAY);
    const archived = async () => {
      await harness.clock.advance(SECOND);
      return harness.stored(other);
    };
    await expect.poll(archived, { interval: 5, timeout: 30_000 }).toEqual(VIDEO);
  });

  it('a stop ends transfers, and another worker can start them at once', async () => {
    const opened = await open();
    const harness = await ArchiverHarness.start(opened);
    const url = harness.server.on('/a.mp4', file(VIDEO, { breakAfter: 0 }), silent, file(VIDEO));
    const job = await harness.complete({ url });
    harness.run();
    await harness.until(() => harness.server.requests.length === 2);
    await harness.archiver.stop();
    expect(await harness.tasks.nextDueAt()).toBeLessThanOrEqual(harness.clock.now());
    harness.restart();
    await harness.untilArchived(job);
    expect(await harness.stored(job)).toEqual(VIDEO);
    expect(harness.leftovers()).toEqual([]);
  });
});

/** Stores a file, as an earlier process did. */
function put(blobs: BlobStore, jobId: string): Promise<void> {
  const details = { byteLength: VIDEO.length, contentType: 'video/mp4', signal: never };
  return blobs.put(videoKey(jobId), Readable.from([VIDEO]), details);
}
