import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { videoKey } from '../../../../src/archive/video-key.ts';
import {
  createBucket,
  openSwiftClient,
  sharedSwift,
  swiftVariables,
} from '../../../support/s3/shared-swift.ts';
import { NOON } from '../../../support/times.ts';
import { listen, VIDEO_BYTES, withoutLength, withoutRanges, withRanges } from './video-upstream.ts';
import { Videos } from './videos.ts';

const LENGTH = VIDEO_BYTES.length;

/** Each source of a video, with the URL of a job whose video is there. */
const SOURCES: Readonly<Record<string, () => Promise<string>>> = {
  'the archive': async () => {
    const videos = await Videos.start('http://127.0.0.1:9');
    const job = await videos.atUrl('http://127.0.0.1:9/videos/1.mp4');
    await videos.archive(job);
    return videos.urlOf(job);
  },
  'an archive in S3': async () => {
    const endpoint = await sharedSwift();
    const bucket = await createBucket(endpoint);
    // The client for S3 reads its credentials from the environment.
    for (const [name, value] of Object.entries(swiftVariables(endpoint))) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const settings = { ARCHIVE: `s3://${bucket}/media`, ...swiftVariables(endpoint) };
    const videos = await Videos.start('http://127.0.0.1:9', { settings });
    const job = await videos.atUrl('http://127.0.0.1:9/videos/1.mp4');
    await using opened = await openSwiftClient(endpoint);
    const file = { Bucket: bucket, Key: `media/${videoKey(job.id)}`, Body: VIDEO_BYTES };
    await opened.client.send(new PutObjectCommand(file));
    return videos.urlOf(job);
  },
  'an upstream with ranges': async () => {
    const upstream = await listen(withRanges);
    const videos = await Videos.start(upstream);
    return videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`));
  },
  'an upstream without ranges': async () => {
    const upstream = await listen(withoutRanges);
    const videos = await Videos.start(upstream);
    return videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`));
  },
  'an upstream without a length, which the result had': async () => {
    const upstream = await listen(withoutLength);
    const videos = await Videos.start(upstream);
    return videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`, LENGTH));
  },
  'the store, as base64': async () => {
    const videos = await Videos.start('http://127.0.0.1:9');
    return videos.urlOf(await videos.inline());
  },
};

const WHOLE = { status: 200, range: null, bytes: VIDEO_BYTES };
const part = (start: number, end: number) => ({
  status: 206,
  range: `bytes ${start}-${end}/${LENGTH}`,
  bytes: VIDEO_BYTES.subarray(start, end + 1),
});
const OUT_OF_RANGE = { status: 416, range: `bytes */${LENGTH}`, bytes: null };

describe.each(Object.entries(SOURCES))('a video from %s', (_, open) => {
  it('has the same headers, also for HEAD', async () => {
    const url = await open();
    const answers = [await fetch(url), await fetch(url, { method: 'HEAD' })];
    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        'accept-ranges': 'bytes',
        'access-control-allow-origin': '*',
        'cache-control': 'private, max-age=3600',
        'content-length': String(LENGTH),
        'content-type': 'video/mp4',
        'cross-origin-resource-policy': 'cross-origin',
        etag: expect.stringMatching(/^"vj_[\w-]+"$/),
        'last-modified': new Date(NOON).toUTCString(),
        'x-content-type-options': 'nosniff',
      });
      expect(headers.get('content-security-policy')).toContain('sandbox');
      expect(headers.has('content-disposition')).toBe(false);
    }
    const [whole, head] = await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    expect(Buffer.from(whole ?? new ArrayBuffer())).toEqual(VIDEO_BYTES);
    expect(head?.byteLength).toBe(0);
  });

  it('has the same ranges', async () => {
    const url = await open();
    const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? '';
    const cases: readonly (readonly [string, Record<string, string>, object])[] = [
      ['Safari’s first request', { range: 'bytes=0-1' }, part(0, 1)],
      ['the whole as a range', { range: 'bytes=0-' }, part(0, LENGTH - 1)],
      ['a part in the middle', { range: 'bytes=70000-139999' }, part(70_000, 139_999)],
      ['from the middle on', { range: 'bytes=100001-' }, part(100_001, LENGTH - 1)],
      ['the last bytes', { range: 'bytes=-500' }, part(LENGTH - 500, LENGTH - 1)],
      ['more last bytes than there are', { range: `bytes=-${LENGTH + 1}` }, part(0, LENGTH - 1)],
      ['an end beyond the end', { range: `bytes=9-${LENGTH}` }, part(9, LENGTH - 1)],
      ['the last byte', { range: `bytes=${LENGTH - 1}-` }, part(LENGTH - 1, LENGTH - 1)],
      ['a start beyond the end', { range: `bytes=${LENGTH}-` }, OUT_OF_RANGE],
      ['several ranges', { range: 'bytes=0-1,5-6' }, WHOLE],
      ['an end before the start', { range: 'bytes=9-8' }, WHOLE],
      ['another unit', { range: 'seconds=0-1' }, WHOLE],
      ['a range of this file', { range: 'bytes=2-3', 'if-range': etag }, part(2, 3)],
      ['a range of another file', { range: 'bytes=2-3', 'if-range': '"other"' }, WHOLE],
      ['a range of a weak tag', { range: 'bytes=2-3', 'if-range': `W/${etag}` }, WHOLE],
    ];
    for (const [name, headers, expected] of cases) {
      const answer = await fetch(url, { headers });
      const body = Buffer.from(await answer.arrayBuffer());
      expect(answer.headers.get('content-length')).toBe(String(body.length));
      const range = answer.headers.get('content-range');
      const bytes = answer.status === 416 ? null : body;
      expect([name, { status: answer.status, range, bytes }]).toEqual([name, expected]);
    }
  });
});
