import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BlobStore, BlobStoreError } from '../../../../src/archive/blob-store.ts';
import type { Job } from '../../../../src/domain/job/job.ts';
import { videoPath } from '../../../../src/domain/video-url.ts';
import { FileClient } from '../../../../src/providers/files/file-client.ts';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { FileRequests } from '../../../../src/transports/http/media/file-requests.ts';
import { VideoFiles, type VideoFilesOptions } from '../../../../src/transports/http/media/video-files.ts';
import { listening, NO_EVENTS } from '../../../support/events.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { VIDEO } from '../../../support/gateway/job-mover.ts';
import { acceptedJob, nextVersion } from '../../../support/jobs.ts';
import { DAY, NOON } from '../../../support/times.ts';
import { listen, VIDEO_BYTES, withRanges } from './video-upstream.ts';

const EMPTY: BlobStore = {
  put: () => Promise.reject(new Error('No video is stored.')),
  get: async () => null,
  head: async () => null,
  delete: async () => {},
};
const FAILING: BlobStore = {
  ...EMPTY,
  get: () => Promise.reject(new BlobStoreError('The archive is away.')),
  head: () => Promise.reject(new BlobStoreError('The archive is away.')),
};

const AWAY: VideoFilesOptions['store'] = {
  getMany: () => Promise.reject(new StoreUnavailableError('The store is away.')),
  getVideoData: async () => null,
};

/** Answers never, until the request ends. */
const SILENT: VideoFilesOptions['files'] = {
  fetch: ({ signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('The request has ended.'))),
    ),
};

function jobAt(url: string): Job {
  return nextVersion(acceptedJob(), {
    phase: 'completed',
    submittedAt: NOON,
    startedAt: NOON,
    finishedAt: NOON,
    video: { ...VIDEO, url, byteLength: null },
  });
}

interface Served {
  readonly url: string;
  readonly logged: readonly string[];
  /** Resolves when the first client has disconnected or has its answer. */
  readonly closed: Promise<void>;
  /** Resolves when the work on the first request has ended. */
  readonly ended: Promise<void>;
}

/** Serves the video of a job that an upstream has. The signature is not checked. */
async function serve(
  upstream: string,
  change: Partial<VideoFilesOptions> = {},
  job = jobAt(`${upstream}/videos/1.mp4`),
): Promise<Served> {
  const files = new FileClient({ trustedOrigins: [upstream], proxy: null, idleTimeoutMs: 200 });
  onTestFinished(() => files[Symbol.asyncDispose]());
  const logged: string[] = [];
  const closed = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const videos = new VideoFiles({
    signatures: { verify: async () => true },
    store: { getMany: async () => [job], getVideoData: async () => null },
    archive: EMPTY,
    files,
    clock: new FakeClock(),
    retentionMs: 7 * DAY,
    requests: new FileRequests(() => performance.now(), NO_EVENTS),
    events: listening('fault', ({ message }) => logged.push(message)),
    ...change,
  });
  const origin = await listen((request, response) => {
    response.once('close', closed.resolve);
    ended.resolve(videos.serve(request.url?.split('?')[0] ?? '', request, response));
  });
  const url = origin + videoPath(job.id, 'any');
  return { url, logged, closed: closed.promise, ended: ended.promise };
}

function answering(status: number, headers: Readonly<Record<string, string>>): RequestListener {
  return (_, response) => void response.writeHead(status, headers).end('<script>');
}

const MP4 = { 'content-type': 'video/mp4' };

describe('a video that the upstream does not give', () => {
  it.each([
    ['no longer exists', answering(404, MP4), {}, 410],
    ['has an expired URL', answering(403, { 'content-type': 'application/xml' }), {}, 410],
    ['is a page', answering(200, { 'content-type': 'text/html' }), {}, 502],
    ['is a drawing', answering(200, { 'content-type': 'image/svg+xml' }), {}, 502],
    ['is compressed', answering(200, { ...MP4, 'content-encoding': 'gzip' }), {}, 502],
    ['is an error', answering(500, MP4), {}, 502],
    ['is redirected forever', answering(302, { location: '/videos/2.mp4' }), {}, 502],
    ['is redirected to a private address', answering(302, { location: 'http://127.0.0.1:9/1.mp4' }), {}, 502],
    ['never comes', () => {}, {}, 502],
    [
      'is another part',
      answering(206, { ...MP4, 'content-range': 'bytes 5-12/99' }),
      { range: 'bytes=4-11' },
      502,
    ],
    [
      'is more than the part',
      answering(206, { ...MP4, 'content-range': 'bytes 4-11/99' }),
      { range: 'bytes=4-9' },
      502,
    ],
    [
      'is not the end',
      answering(206, { ...MP4, 'content-range': 'bytes 4-11/99' }),
      { range: 'bytes=-8' },
      502,
    ],
    [
      'is several parts',
      answering(206, { 'content-type': 'multipart/byteranges' }),
      { range: 'bytes=0-1' },
      502,
    ],
    ['is shorter', answering(416, { 'content-range': 'bytes */8' }), { range: 'bytes=8-' }, 416],
  ])('because it %s', async (_, upstream, headers, status) => {
    const { url, logged } = await serve(await listen(upstream));
    const answer = await fetch(url, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('retry-after')).toBe(status === 502 ? '10' : null);
    expect(await answer.text()).not.toContain('<script>');
    const lost = 'a video is lost: neither the archive nor the upstream has it';
    expect(logged).toEqual(status === 502 ? ['a video could not be read'] : status === 410 ? [lost] : []);
  });

  it('because it is lost is logged once a job', async () => {
    const { url, logged } = await serve(await listen(answering(404, MP4)));
    for (const _ of [1, 2]) {
      expect(await (await fetch(url)).json()).toEqual({
        error: 'The video is neither in the archive nor at the upstream any more.',
      });
    }
    expect(logged).toEqual(['a video is lost: neither the archive nor the upstream has it']);
  });

  it('does not come from an empty file of the archive', async () => {
    const archive: BlobStore = { ...EMPTY, head: async () => 0, get: async () => Readable.from([]) };
    const { url } = await serve(await listen(withRanges), { archive });
    expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(VIDEO_BYTES);
  });

  it('because its URL is not on a public host', async () => {
    const other = await listen(withRanges);
    const { url } = await serve(await listen(withRanges), {}, jobAt(`${other}/videos/1.mp4`));
    expect((await fetch(url)).status).toBe(502);
  });
});

describe('a transfer', () => {
  it('is cut when the upstream sends less than it announced', async () => {
    const { url, logged } = await serve(
      await listen(answering(206, { ...MP4, 'content-range': 'bytes 0-99/200' })),
    );
    await expect(
      fetch(url, { headers: { range: 'bytes=0-99' } }).then((answer) => answer.text()),
    ).rejects.toThrow('terminated');
    expect(logged).toEqual(['a video could not be sent to its end']);
  });

  it('is cut when the upstream stops in the middle', async () => {
    const { url } = await serve(
      await listen(
        (_, response) => void response.writeHead(200, { ...MP4, 'content-length': '9' }).write('abc'),
      ),
    );
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow('terminated');
  });

  it('passes on no more than the requested part, and closes the connection to an upstream that sends more', async () => {
    const left = Promise.withResolvers<void>();
    const { url } = await serve(await listen(endless(left.resolve, { 'content-length': '1000000000' })));
    const answer = await fetch(url, { headers: { range: 'bytes=10-19' } });
    expect(answer.headers.get('content-range')).toBe('bytes 10-19/1000000000');
    expect((await answer.arrayBuffer()).byteLength).toBe(10);
    await left.promise;
  });

  it('ends at the upstream when the client disconnects', async () => {
    const left = Promise.withResolvers<void>();
    const { url, logged } = await serve(await listen(endless(left.resolve)));
    const reader = (await fetch(url)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await left.promise;
    expect(logged).toEqual([]);
  });

  it('does not begin when the client has disconnected while the store was read', async () => {
    let requests = 0;
    const upstream = await listen((request, response) => {
      requests += 1;
      withRanges(request, response);
    });
    const reading = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const getMany = async () => {
      reading.resolve();
      await left.promise;
      return [jobAt(`${upstream}/videos/1.mp4`)];
    };
    const store = { getMany, getVideoData: async () => null };
    const { url, logged, closed, ended } = await serve(upstream, { store });
    const client = new AbortController();
    const answer = fetch(url, { signal: client.signal }).catch(() => null);
    await reading.promise;
    client.abort();
    await Promise.all([answer, closed]);
    left.resolve();
    await ended;
    expect({ requests, logged }).toEqual({ requests: 0, logged: [] });
  });

  it('ends when the client reads nothing for too long', async () => {
    const left = Promise.withResolvers<void>();
    const get = async () => Readable.from(blocks()).once('close', left.resolve);
    const archive: BlobStore = { ...EMPTY, head: async () => 1e9, get };
    const { url } = await serve('http://127.0.0.1:9', {
      archive,
      times: { idleMs: 1000, totalMs: 3_600_000 },
    });
    const answer = await fetch(url);
    await left.promise;
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });

  it('ends at its time limit, however much it sends', async () => {
    const { url } = await serve(await listen(endless()), { times: { idleMs: 60_000, totalMs: 1500 } });
    const answer = await fetch(url);
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });

  it('is refused while too many are in progress', async () => {
    const { url } = await serve('http://127.0.0.1:9', { files: SILENT });
    const ending = new AbortController();
    const request = (index: number) =>
      fetch(url.replace('any', `any${index}`), { signal: ending.signal }).catch(() => null);
    const pending = Array.from({ length: 256 }, (_, index) => request(index % 8));
    const error = 'Too many files are being sent. Try again in a second.';
    await expect.poll(async () => (await request(8))?.json()).toEqual({ error });
    ending.abort();
    await Promise.all(pending);
  });
});

/** An upstream that never stops sending. */
function endless(
  onClose: () => void = () => {},
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  return (_, response) => {
    response.writeHead(200, { ...MP4, ...headers });
    Readable.from(blocks()).pipe(response.once('close', onClose));
  };
}

function* blocks(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

describe('while a part of the gateway is away', () => {
  it('a video that the upstream still has is passed through', async () => {
    const { url } = await serve(await listen(withRanges), { archive: FAILING });
    expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(VIDEO_BYTES);
  });

  it('a video is reported as the archive’s when the upstream is away too', async () => {
    const { url } = await serve('http://127.0.0.1:9', { archive: FAILING });
    expect(await (await fetch(url)).text()).toContain('The archive of videos cannot be read.');
  });

  it('a video that only the archive has can be requested again later', async () => {
    const { url, logged } = await serve(await listen(answering(404, MP4)), { archive: FAILING });
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([502, '10']);
    expect(await answer.json()).toEqual({
      error: 'The archive of videos cannot be read. Try again later.',
    });
    expect(logged).toEqual(['a video could not be read']);
  });

  it('a video can be requested again when the store is back', async () => {
    const { url } = await serve('http://127.0.0.1:9', { store: AWAY });
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
  });

  it('a video that is archived at the moment of the request is found', async () => {
    let looks = 0;
    const archive: BlobStore = {
      ...EMPTY,
      head: async () => ((looks += 1) === 1 ? null : VIDEO_BYTES.length),
      get: async () => Readable.from([VIDEO_BYTES]),
    };
    const { url } = await serve(await listen(answering(404, MP4)), { archive });
    expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(VIDEO_BYTES);
  });
});
