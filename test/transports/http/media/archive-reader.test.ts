import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BlobStore, BlobStoreError } from '../../../../src/archive/blob-store.ts';
import { ArchiveReader } from '../../../../src/transports/http/media/archive-reader.ts';
import { listening } from '../../../support/events.ts';
import { swiftVariables } from '../../../support/s3/shared-swift.ts';
import { listen, VIDEO_BYTES, withRanges } from './video-upstream.ts';
import { Videos } from './videos.ts';

const QUERY = { jobId: 'vj_12', range: null, withBody: false, signal: new AbortController().signal };

/** A reader of an archive that answers by this function. */
function read(head: BlobStore['head']) {
  const archive: BlobStore = {
    put: () => Promise.reject(new Error('No video is stored.')),
    get: async () => null,
    head,
    delete: async () => {},
  };
  const logged: string[] = [];
  const events = listening('fault', ({ message }) => logged.push(message));
  return { reader: new ArchiveReader({ archive, events, openMs: 50 }), logged };
}

describe('an archive that does not answer', () => {
  it('is waited for once, and then asked by one call at a time until it answers', async () => {
    const calls: PromiseWithResolvers<number>[] = [];
    const { reader, logged } = read(() => {
      const call = Promise.withResolvers<number>();
      calls.push(call);
      return call.promise;
    });
    expect(await reader.open(QUERY)).toMatchObject({ type: 'unavailable' });
    expect(calls).toHaveLength(1);
    // No request waits, and together they make one call.
    const answers = await Promise.race([
      Promise.all([reader.open(QUERY), reader.open(QUERY), reader.open(QUERY)]),
      delay(0, 'too late'),
    ]);
    expect(answers).toMatchObject([
      { message: 'The archive of videos does not answer.' },
      { type: 'unavailable' },
      { type: 'unavailable' },
    ]);
    expect(calls).toHaveLength(2);
    // The call ends at the deadline; the next request makes another one.
    await expect.poll(() => reader.open(QUERY).then(() => calls.length)).toBe(3);
    calls[2]?.resolve(5);
    await delay(0);
    const next = reader.open(QUERY);
    calls[3]?.resolve(7);
    expect(await next).toMatchObject({ type: 'opened', length: 7 });
    expect(logged).toEqual(['the archive does not answer; videos come from elsewhere until it does']);
  });

  it('is another one than an archive with a quick error, which may be that of one file', async () => {
    let isBroken = true;
    const { reader, logged } = read(async () => {
      if (isBroken) throw new BlobStoreError('The file cannot be read.');
      return 5;
    });
    expect(await reader.open(QUERY)).toMatchObject({ message: 'The archive of videos cannot be read.' });
    isBroken = false;
    expect(await reader.open(QUERY)).toMatchObject({ type: 'opened' });
    expect(logged).toEqual([]);
  });
});

describe('the videos of an archive in S3', () => {
  it.each([
    ['that hangs', () => listen(() => {})],
    ['that cannot be reached', async () => 'http://127.0.0.1:9'],
  ])('%s come from the upstream or from base64', async (_, s3) => {
    const variables = swiftVariables(await s3());
    // The client for S3 reads its credentials from the environment.
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const upstream = await listen((request, response) => {
      if (request.url === '/videos/1.mp4') withRanges(request, response);
      else response.writeHead(404).end();
    });
    const videos = await Videos.start(upstream, { settings: { ARCHIVE: 's3://bucket/media', ...variables } });
    const [first, inline, lost] = [
      await videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`)),
      await videos.urlOf(await videos.inline()),
      await videos.urlOf(await videos.atUrl(`${upstream}/videos/2.mp4`)),
    ];
    const start = performance.now();
    expect(Buffer.from(await (await fetch(first)).arrayBuffer())).toEqual(VIDEO_BYTES);
    expect(performance.now() - start).toBeLessThan(4500);
    for (const url of [first, inline]) {
      expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(VIDEO_BYTES);
    }
    const answer = await fetch(lost);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([502, '10']);
    expect(await answer.text()).toMatch(/The archive of videos (does not answer|cannot be read)\. Try again/);
    expect(performance.now() - start).toBeLessThan(6000);
  });
});
