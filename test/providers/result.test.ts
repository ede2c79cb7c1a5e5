import { describe, expect, it } from 'vitest';
import { answer, json } from '../support/upstream/replies.ts';
import { resultFrom, jobSession, patiently } from '../support/upstream/session.ts';

const URL_OF_VIDEO = 'https://files.example.com/v.mp4';
const BYTES = Buffer.from('\0\0\0\x20ftypisom and so on, as a video may begin');
const BASE64 = BYTES.toString('base64');
const BY_URL = { url: URL_OF_VIDEO, base64: null, contentType: 'video/mp4', byteLength: null };
const INLINE = { url: null, base64: BASE64, contentType: 'video/mp4', byteLength: BYTES.length };

const WEBM = Buffer.from('1a45dfa3a34286810142f78101fbff3e', 'hex');
// Contains the two characters in which the URL-safe alphabet differs.
const GIF = Buffer.concat([Buffer.from('GIF89a'), Buffer.from('fbefbeffffff', 'hex')]);

function inline(bytes: Buffer, contentType: string) {
  return { url: null, base64: bytes.toString('base64'), contentType, byteLength: bytes.length };
}

describe('a result with a video', () => {
  it('is read in its documented form', async () => {
    const body = {
      status: 'COMPLETED',
      metrics: { inference_time: 13.06, cost: 0.53, queue_time: 1.2, total_time: 15, retry_count: 0 },
      error: null,
      video: { url: URL_OF_VIDEO, content_type: 'video/webm', file_name: 'v.webm', file_size: '1234567' },
      output: 'https://files.example.com/other.mp4',
    };
    expect(await resultFrom(json(200, body))).toEqual({
      type: 'ready',
      video: { url: URL_OF_VIDEO, base64: null, contentType: 'video/webm', byteLength: 1_234_567 },
      metrics: { queueSeconds: 1.2, inferenceSeconds: 13.06, costUsd: 0.53 },
    });
  });

  it('is fetched by one GET', async () => {
    await using session = await jobSession(json(200, { status: 'COMPLETED', output: URL_OF_VIDEO }));
    await session.segmind.result('job-1', patiently());
    expect(session.server.requests).toMatchObject([{ method: 'GET', path: '/v2/requests/job-1', body: '' }]);
  });

  it.each<[string, unknown, unknown]>([
    ['output alone', { output: URL_OF_VIDEO }, BY_URL],
    ['output in a list', { output: [URL_OF_VIDEO] }, BY_URL],
    ['output in a list after nothing', { output: [null, '', URL_OF_VIDEO] }, BY_URL],
    ['video as a text', { video: URL_OF_VIDEO }, BY_URL],
    [
      'video without a URL beside output',
      { video: { file_size: 9 }, output: URL_OF_VIDEO },
      { ...BY_URL, byteLength: 9 },
    ],
    ['an unusable URL beside output', { video: { url: '/v.mp4' }, output: URL_OF_VIDEO }, BY_URL],
    ['blanks around the URL', { output: ` ${URL_OF_VIDEO}\n` }, BY_URL],
    [
      'http',
      { output: 'HTTP://files.example.com/v.mp4' },
      { ...BY_URL, url: 'HTTP://files.example.com/v.mp4' },
    ],
    ['a data: URL', { output: `data:video/webm;base64,${BASE64}` }, { ...INLINE, contentType: 'video/webm' }],
    ['a data: URL with a parameter', { output: `data:video/mp4;codecs=avc1;base64,${BASE64}` }, INLINE],
    ['a data: URL without a type', { output: `data:;base64,${BASE64}` }, INLINE],
    ['a URL in an object as output', { output: { url: URL_OF_VIDEO } }, BY_URL],
    ['video_url in output', { output: { video_url: URL_OF_VIDEO } }, BY_URL],
    ['video.url in output', { output: { video: { url: URL_OF_VIDEO } } }, BY_URL],
    ['video_url', { video_url: URL_OF_VIDEO }, BY_URL],
    [
      'videos with details',
      { videos: [{ url: URL_OF_VIDEO, content_type: 'video/webm', file_size: '7' }] },
      { ...BY_URL, contentType: 'video/webm', byteLength: 7 },
    ],
    ['video in a list', { video: [URL_OF_VIDEO] }, BY_URL],
    ['output after the word None', { video: { url: 'None' }, output: URL_OF_VIDEO }, BY_URL],
    ['bare base64 without padding', { output: BASE64.replace(/=+$/, '') }, INLINE],
    ['a WebM in base64', { output: WEBM.toString('base64') }, inline(WEBM, 'video/webm')],
    ['a GIF in base64', { output: GIF.toString('base64') }, inline(GIF, 'image/gif')],
    ['a GIF in URL-safe base64', { output: GIF.toString('base64url') }, inline(GIF, 'image/gif')],
    [
      'a data: URL that says only that it holds bytes',
      { output: `data:application/octet-stream;base64,${WEBM.toString('base64')}` },
      inline(WEBM, 'video/webm'),
    ],
    ['bare base64', { output: BASE64 }, INLINE],
    ['bare base64 in a list', { output: [BASE64] }, INLINE],
    ['bare base64 as video.url', { video: { url: BASE64 } }, INLINE],
    [
      'bare base64 as video.base64',
      { video: { base64: BASE64, content_type: 'video/webm' } },
      { ...INLINE, contentType: 'video/webm' },
    ],
    ['bare base64 as video', { video: BASE64 }, INLINE],
    ['base64 with line breaks', { output: BASE64.replaceAll(/.{20}/g, '$&\r\n') }, INLINE],
    [
      'a data: URL with line breaks',
      { output: `data:video/mp4;base64,${BASE64.replaceAll(/.{20}/g, '$&\n')}` },
      INLINE,
    ],
    ['a data: URL without padding', { output: `data:video/mp4;base64,${BASE64.replace(/=+$/, '')}` }, INLINE],
    ['base64 and a false size', { video: { base64: BASE64, file_size: 5 } }, INLINE],
  ])('is taken from %s', async (_name, body, video) => {
    expect(await resultFrom(json(200, { status: 'COMPLETED', ...Object(body) }))).toEqual({
      type: 'ready',
      video,
      metrics: null,
    });
  });

  it('needs no status word', async () => {
    expect(await resultFrom(json(200, { output: URL_OF_VIDEO }))).toMatchObject({
      type: 'ready',
      video: BY_URL,
    });
    expect(await resultFrom(json(200, { status: 'completed', output: URL_OF_VIDEO }))).toMatchObject({
      type: 'ready',
    });
  });

  it.each<[unknown, number | null]>([
    [1234, 1234],
    ['1234', 1234],
    [0, 0],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [2 ** 31, null],
    [1.5, null],
    ['1.5', null],
    [-1, null],
    ['', null],
    ['1.2 MB', null],
    [true, null],
    [[5], null],
    [null, null],
  ])('has from a file_size of %j the byteLength %j', async (size, byteLength) => {
    const body = { status: 'COMPLETED', video: { url: URL_OF_VIDEO, file_size: size } };
    expect(await resultFrom(json(200, body))).toMatchObject({ type: 'ready', video: { byteLength } });
  });

  it.each<[unknown, string]>([
    ['video/webm', 'video/webm'],
    ['video/mp4; codecs="avc1"', 'video/mp4; codecs="avc1"'],
    ['', 'video/mp4'],
    ['mp4', 'video/mp4'],
    ['text/html\r\nx: y', 'video/mp4'],
    [5, 'video/mp4'],
    [null, 'video/mp4'],
  ])('has from a content_type of %j the contentType %j', async (type, contentType) => {
    const body = { status: 'COMPLETED', video: { url: URL_OF_VIDEO, content_type: type } };
    expect(await resultFrom(json(200, body))).toMatchObject({ type: 'ready', video: { contentType } });
  });

  it('is read when it has several megabytes of base64', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'video');
    BYTES.copy(bytes);
    const outcome = await resultFrom(json(200, { status: 'COMPLETED', output: bytes.toString('base64') }));
    const video = outcome.type === 'ready' ? outcome.video : null;
    expect(video?.byteLength).toBe(bytes.length);
    expect(video?.base64 === bytes.toString('base64')).toBe(true);
  });
});

describe('a result under another HTTP status than 200', () => {
  it.each([202, 400, 404, 422, 500, 503])('HTTP %i is read when it says COMPLETED', async (status) => {
    expect(await resultFrom(json(status, { status: 'COMPLETED', output: URL_OF_VIDEO }))).toEqual({
      type: 'ready',
      video: BY_URL,
      metrics: null,
    });
    expect(await resultFrom(json(status, { status: 'COMPLETED' }))).toMatchObject({ type: 'empty' });
  });

  it('is inconclusive without the status word', async () => {
    expect(await resultFrom(json(500, { output: URL_OF_VIDEO }))).toMatchObject({ type: 'inconclusive' });
  });
});

describe('a result that is the video itself', () => {
  it.each([
    ['video/mp4', BYTES, 'video/mp4'],
    ['video/mp4; codecs="avc1"', BYTES, 'video/mp4'],
    ['application/octet-stream', WEBM, 'video/webm'],
    ['', GIF, 'image/gif'],
  ])('of the type %j is read by its first bytes', async (type, bytes, contentType) => {
    const headers = type === '' ? {} : { 'content-type': type };
    expect(await resultFrom(answer(200, bytes, headers))).toEqual({
      type: 'ready',
      video: inline(bytes, contentType),
      metrics: null,
    });
  });

  it('is read when it has several megabytes', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'video');
    BYTES.copy(bytes);
    const outcome = await resultFrom(answer(200, bytes, { 'content-type': 'video/mp4' }));
    const video = outcome.type === 'ready' ? outcome.video : null;
    expect(video?.base64 === bytes.toString('base64')).toBe(true);
  });

  it('is inconclusive when its bytes are not a video, or the HTTP status is an error', async () => {
    const headers = { 'content-type': 'video/mp4' };
    expect(await resultFrom(answer(200, 'no video', headers))).toEqual({
      type: 'inconclusive',
      reason: 'HTTP 200 with a body of type video/mp4',
      apiAnswered: true,
      rateLimited: false,
      retryAfterMs: null,
    });
    expect(await resultFrom(answer(500, BYTES, headers))).toMatchObject({ type: 'inconclusive' });
  });
});
