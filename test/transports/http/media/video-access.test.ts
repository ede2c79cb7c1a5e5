import { describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { exchange, http } from '../../../support/gateway/http.ts';
import { JobMover } from '../../../support/gateway/job-mover.ts';
import { DAY, HOUR, NOON } from '../../../support/times.ts';
import { listen, VIDEO_BYTES, withRanges } from './video-upstream.ts';
import { Videos } from './videos.ts';

const NO_UPSTREAM = 'http://127.0.0.1:9';
const NOT_FOUND = {
  error: 'There is no such video: its job was deleted or has expired, or the URL is not valid.',
};

async function startWithVideo(settings: Readonly<Record<string, string>> = {}) {
  const videos = await Videos.start(NO_UPSTREAM, { settings });
  const job = await videos.atUrl(`${NO_UPSTREAM}/videos/1.mp4`);
  await videos.archive(job);
  return { videos, job };
}

/** The answer to exactly this path: a client would normalize it. Without the date. */
async function answerTo(port: number, path: string): Promise<string> {
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nConnection: close`;
  return (await exchange(port, `${head}\r\n\r\n`)).replace(/^Date: .*\r\n/m, '');
}

function pathOf(id: string, end: string): string {
  return `/media/${id}/${end}`;
}

describe('no URL opens another job’s video', () => {
  it('and every wrong URL has the same answer', async () => {
    const { videos, job } = await startWithVideo();
    const other = await videos.atUrl(`${NO_UPSTREAM}/videos/2.mp4`);
    const deleted = await videos.atUrl(`${NO_UPSTREAM}/videos/3.mp4`);
    await videos.archive(deleted);
    const [url, otherUrl, deletedUrl] = await Promise.all(
      [job, other, deleted].map((one) => videos.urlOf(one)),
    );
    expect((await fetch(url ?? '')).status).toBe(200);
    expect((await fetch(deletedUrl ?? '')).status).toBe(200);
    await videos.gateway.store.remove(deleted);
    const running = await new JobMover(videos.gateway).accept();

    const signature = signatureOf(url);
    const flipped = signature.replace(/[a-z]/i, (char) =>
      char >= 'a' ? char.toUpperCase() : char.toLowerCase(),
    );
    const wrong = [
      pathOf(job.id, `${signatureOf(otherUrl)}.mp4`),
      pathOf(other.id, `${signature}.mp4`),
      pathOf(running.id, `${signature}.mp4`),
      pathOf(job.id, `${flipped}.mp4`),
      pathOf(job.id, `${signature.slice(0, -1)}.mp4`),
      pathOf(job.id, `${signature}A.mp4`),
      pathOf(job.id, `${signature}=.mp4`),
      pathOf(job.id, `%${signature.charCodeAt(0).toString(16)}${signature.slice(1)}.mp4`),
      pathOf(job.id.replace('v', '%76'), `${signature}.mp4`),
      pathOf(job.id.toUpperCase(), `${signature}.mp4`),
      pathOf(`${other.id}/%2e%2e/${job.id}`, `${signature}.mp4`),
      pathOf(`..%2f${job.id}`, `${signature}.mp4`),
      pathOf(job.id, `${signature}.MP4`),
      pathOf(job.id, `${signature}.mp4/`),
      pathOf(job.id, signature),
      pathOf(job.id, `${signature}.mp4%00`),
      pathOf('', ''),
      pathOf(`videos/${job.id.slice(-2)}`, `${job.id}.mp4`),
      new URL(deletedUrl ?? '').pathname,
    ];
    const body = JSON.stringify(NOT_FOUND);
    const [first = '', ...others] = await Promise.all(wrong.map((one) => answerTo(videos.gateway.port, one)));
    expect(first).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(first).toContain('cache-control: no-store');
    expect(first.endsWith(`\r\n\r\n${body}`)).toBe(true);
    expect(others.map((answer) => answer === first)).toEqual(others.map(() => true));
  });

  it('also after another gateway with another secret has made the URL', async () => {
    const { videos, job } = await startWithVideo();
    const other = await startWithVideo();
    const foreign = signatureOf(await other.videos.urlOf(other.job));
    const { status } = await fetch(`${videos.gateway.url}/media/${job.id}/${foreign}.mp4`);
    expect(status).toBe(404);
  });
});

function signatureOf(url: string | undefined): string {
  return /([\w-]{24})\.mp4$/.exec(url ?? '')?.[1] ?? '';
}

describe('the URL of a video', () => {
  it('needs no token where callers sign in', async () => {
    const { videos, job } = await startWithVideo({ AUTH_JWT_SECRET: 'x'.repeat(32) });
    const id = job.id;
    expect((await http(`${videos.gateway.url}/graphql?query={__typename}`)).status).toBe(401);
    const token = await videos.gateway.jobTokens.issue(job.ownerId, id, NOON, NOON + HOUR);
    const query = encodeURIComponent(`{ videoJob(id: "${id}") { video { url } } }`);
    const { text } = await http(`${videos.gateway.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { data }: { data: { videoJob: { video: { url: string } } } } = JSON.parse(text);
    expect(await bytesOf(data.videoJob.video.url)).toEqual(VIDEO_BYTES);
  });

  it('begins with PUBLIC_URL, whose path a proxy may leave or remove', async () => {
    const { videos, job } = await startWithVideo({ PUBLIC_URL: 'https://example.com/reelgate' });
    const url = await videos.urlOf(job);
    expect(url).toMatch(/^https:\/\/example\.com\/reelgate\/media\/vj_/);
    const path = new URL(url).pathname;
    expect(await bytesOf(videos.gateway.url + path)).toEqual(VIDEO_BYTES);
    expect(await bytesOf(videos.gateway.url + path.replace('/reelgate', ''))).toEqual(VIDEO_BYTES);
  });

  it('begins with what a trusted proxy forwards', async () => {
    const { videos, job } = await startWithVideo({ TRUST_PROXY: 'loopback' });
    const query = encodeURIComponent(`{ videoJob(id: "${job.id}") { video { url } } }`);
    const { text } = await http(`${videos.gateway.url}/graphql?query=${query}`, {
      headers: { 'x-forwarded-host': 'videos.example.com', 'x-forwarded-proto': 'https' },
    });
    expect(text).toContain('"https://videos.example.com/media/vj_');
  });

  it('is served at allowed hosts only', async () => {
    const { videos, job } = await startWithVideo({ ALLOWED_HOSTS: '127.0.0.1' });
    const url = await videos.urlOf(job);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace('127.0.0.1', 'localhost'))).status).toBe(421);
  });

  it('can be loaded by pages of any origin, and answers GET, HEAD and OPTIONS only', async () => {
    const { videos, job } = await startWithVideo();
    const url = await videos.urlOf(job);
    const preflight = await http(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-headers': 'range' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('range');
    const posted = await http(url, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('does not exist without an archive', async () => {
    const upstream = await listen(withRanges);
    const { videos, job } = await startWithVideo();
    const path = new URL(await videos.urlOf(job)).pathname;
    const off = await Videos.start(upstream, { settings: { ARCHIVE: 'off' } });
    expect((await fetch(off.gateway.url + path)).status).toBe(404);
    expect(await off.urlOf(await off.atUrl('https://files.example.com/1.mp4'))).toBe(
      'https://files.example.com/1.mp4',
    );
    expect(await expiryOf(off, await off.atUrl('https://files.example.com/1.mp4'))).toBe(
      '2026-11-10T12:00:00.000Z',
    );
  });

  it('lasts as long as the job', async () => {
    const videos = await Videos.start(NO_UPSTREAM, { settings: { JOB_RETENTION_HOURS: '48' } });
    expect(await expiryOf(videos, await videos.inline(NOON + 2 * DAY))).toBe('2026-11-05T12:00:00.000Z');
    // The retention was shorter when the job ended: the store keeps it no longer.
    expect(await expiryOf(videos, await videos.inline(NOON + DAY))).toBe('2026-11-04T12:00:00.000Z');
    const job = await videos.atUrl(`${NO_UPSTREAM}/videos/1.mp4`);
    expect(await expiryOf(videos, job)).toBe('2026-11-05T12:00:00.000Z');
  });
});

async function expiryOf(videos: Videos, { id }: Job): Promise<string> {
  const query = encodeURIComponent(`{ videoJob(id: "${id}") { video { expiresAt } } }`);
  const { text } = await http(`${videos.gateway.url}/graphql?query=${query}`);
  const { data }: { data: { videoJob: { video: { expiresAt: string } } } } = JSON.parse(text);
  return data.videoJob.video.expiresAt;
}

async function bytesOf(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

describe('conditions of a request', () => {
  it.each([
    ['the same tag', (etag: string) => ({ 'if-none-match': etag }), 304],
    ['a list with the tag, weak', (etag: string) => ({ 'if-none-match': `"a", W/${etag}` }), 304],
    ['any tag', () => ({ 'if-none-match': '*' }), 304],
    [
      'another tag, which outranks the date',
      (_: string, date: string) => ({ 'if-none-match': '"a"', 'if-modified-since': date }),
      200,
    ],
    ['its date', (_: string, date: string) => ({ 'if-modified-since': date }), 304],
    ['an earlier date', () => ({ 'if-modified-since': 'Mon, 02 Nov 2026 12:00:00 GMT' }), 200],
    ['no date', () => ({ 'if-modified-since': 'yesterday' }), 200],
    ['the expected tag', (etag: string) => ({ 'if-match': etag }), 200],
    ['another expected tag', () => ({ 'if-match': '"a"' }), 412],
    ['a weak expected tag', (etag: string) => ({ 'if-match': `W/${etag}` }), 412],
    [
      'not changed since an earlier date',
      () => ({ 'if-unmodified-since': 'Mon, 02 Nov 2026 12:00:00 GMT' }),
      412,
    ],
    ['a range of its date', (_: string, date: string) => ({ range: 'bytes=0-1', 'if-range': date }), 206],
  ])('%s', async (_, headersOf, status) => {
    const { videos, job } = await startWithVideo();
    const url = await videos.urlOf(job);
    const { headers } = await fetch(url, { method: 'HEAD' });
    const sent = headersOf(headers.get('etag') ?? '', headers.get('last-modified') ?? '');
    const answer = await fetch(url, { headers: { ...sent, 'cache-control': 'no-cache' } });
    expect(answer.status).toBe(status);
    const length = (await answer.arrayBuffer()).byteLength;
    expect(status === 304 ? length : 0).toBe(0);
  });
});

describe('a download', () => {
  it('has a name: the job’s, or the wanted one', async () => {
    const { videos, job } = await startWithVideo();
    const url = await videos.urlOf(job);
    const dispositionOf = async (query: string) =>
      (await fetch(url + query, { method: 'HEAD' })).headers.get('content-disposition');
    expect(await dispositionOf('')).toBe(null);
    expect(await dispositionOf('?other=1')).toBe(null);
    expect(await dispositionOf('?download')).toBe(`attachment; filename="${job.id}.mp4"`);
    expect(await dispositionOf('?download=a+cat.mp4')).toBe('attachment; filename="a cat.mp4"');
    expect(await dispositionOf('?download=%22%0d%0aSet-Cookie:x')).toBe(
      'attachment; filename="Set-Cookie x.mp4"',
    );
  });
});
