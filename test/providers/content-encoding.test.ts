import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { answer, json } from '../support/upstream/replies.ts';
import { jobSession, openSession, patiently, REQUEST, submitSession } from '../support/upstream/session.ts';

const BODY = Buffer.from(JSON.stringify({ status: 'PROCESSING', request_id: 'job-1' }));
const JSON_TYPE = { 'content-type': 'application/json' };
const UNREADABLE = { type: 'inconclusive', reason: 'HTTP 200 with an unreadable body', apiAnswered: true };

async function statusOf(body: Buffer, encoding: string) {
  await using session = await jobSession(answer(200, body, { ...JSON_TYPE, 'content-encoding': encoding }));
  return await session.segmind.status('job-1', patiently());
}

function padded(length: number): Buffer {
  return Buffer.concat([BODY, Buffer.alloc(length - BODY.length, ' ')]);
}

describe('the encoding of an answer', () => {
  it('is requested to be identity', async () => {
    await using session = await openSession();
    await session.segmind.status('job-1', patiently());
    await session.segmind.submit(REQUEST, patiently());
    const asked = session.server.requests.map(({ headers }) => headers['accept-encoding']);
    expect(asked).toEqual(['identity', 'identity']);
  });

  it.each<[string, Buffer]>([
    ['identity', BODY],
    ['gzip', gzipSync(BODY)],
    ['x-gzip', gzipSync(BODY)],
    [' GZIP ', gzipSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['deflate', deflateRawSync(BODY)],
    ['gzip, br', brotliCompressSync(gzipSync(BODY))],
  ])('%j is decoded nevertheless', async (encoding, body) => {
    expect(await statusOf(body, encoding)).toEqual({ type: 'processing' });
  });

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(BODY).subarray(0, -9)],
    ['gzip', BODY],
    ['br', brotliCompressSync(BODY).subarray(0, -2)],
    ['deflate', deflateSync(BODY).subarray(0, -5)],
    ['deflate', deflateRawSync(BODY).subarray(0, -2)],
    ['zstd', BODY],
  ])('a broken or unknown %j makes the body unreadable', async (encoding, body) => {
    expect(await statusOf(body, encoding)).toMatchObject(UNREADABLE);
  });

  it('limits the decoded body', async () => {
    const limit = 1024 * 1024;
    for (const encode of [gzipSync, brotliCompressSync, deflateSync]) {
      const encoding = encode === gzipSync ? 'gzip' : encode === deflateSync ? 'deflate' : 'br';
      expect(await statusOf(encode(padded(limit)), encoding)).toEqual({ type: 'processing' });
      expect(await statusOf(encode(padded(limit + 1)), encoding)).toMatchObject(UNREADABLE);
    }
  });

  it('is ignored for an empty body', async () => {
    expect(await statusOf(Buffer.alloc(0), 'gzip')).toMatchObject({ reason: 'HTTP 200 with an empty body' });
  });

  it('may have a byte order mark', async () => {
    const marked = Buffer.concat([Buffer.from('efbbbf', 'hex'), BODY]);
    expect(await statusOf(marked, '')).toEqual({ type: 'processing' });
    expect(await statusOf(gzipSync(marked), 'gzip')).toEqual({ type: 'processing' });
  });

  it('of a submit is decoded too, so that its job is not lost', async () => {
    const body = gzipSync(JSON.stringify({ request_id: 'job-1' }));
    await using session = await submitSession(
      answer(200, body, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    );
    expect(await session.segmind.submit(REQUEST, patiently())).toEqual({
      type: 'accepted',
      upstreamId: 'job-1',
    });
  });

  it('is not needed for an uncompressed answer', async () => {
    await using session = await jobSession(json(200, { status: 'QUEUED' }));
    expect(await session.segmind.status('job-1', patiently())).toEqual({ type: 'queued' });
  });
});
