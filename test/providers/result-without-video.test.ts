import { describe, expect, it } from 'vitest';
import { answer, html, json } from '../support/upstream/replies.ts';
import { jobSession, patiently, resultFrom } from '../support/upstream/session.ts';

const URL_OF_VIDEO = 'https://files.example.com/v.mp4';
const BASE64 = Buffer.from('\0\0\0\x20ftypisom and so on, as a video may begin').toString('base64');

describe('a result without a video', () => {
  it.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(document)',
    'file:///etc/passwd',
    'ftp://files.example.com/v.mp4',
    '/files/video.mp4',
    '/files/video/result',
    '/files/videos/result',
    'files/video.mp4',
    '//files.example.com/v.mp4',
    'https://',
    'https://[::1/v.mp4',
    'completed',
    'Generation failed',
    'no video was made!',
    'unavailable',
    '=====',
    `${BASE64}!`,
    `${BASE64}A`,
    `!${BASE64}`,
    'data:video/mp4,plain',
    'data:video/mp4;base64,',
    'data:video/mp4;base64,!!!!',
    'data:video/mp4;base64,A',
    'data:video/mp4;base64,AAAA',
    'AAAA',
    'None',
    'null',
    '',
  ])('is empty: an output of %j', async (output) => {
    const words = output === '' ? '' : `; it has ${JSON.stringify(output)} instead`;
    for (const body of [{ output }, { video: { url: output } }, { video: output }, { output: [output] }]) {
      expect(await resultFrom(json(200, { status: 'COMPLETED', ...body }))).toEqual({
        type: 'empty',
        message: `The upstream's result has no usable video${words}.`,
        metrics: null,
      });
    }
  });

  it.each([[null], [5], [true], [{}], [[]], [[null]], [[[URL_OF_VIDEO]]]])(
    'is empty: an output of %j',
    async (output) => {
      expect(await resultFrom(json(200, { status: 'COMPLETED', output }))).toMatchObject({ type: 'empty' });
    },
  );

  it('is empty with the upstream’s own message and cost', async () => {
    const body = { status: 'COMPLETED', output: 'None', error: 'Blocked.', metrics: { cost: 0.53 } };
    expect(await resultFrom(json(200, body))).toEqual({
      type: 'empty',
      message: 'Blocked.',
      metrics: { queueSeconds: null, inferenceSeconds: null, costUsd: 0.53 },
    });
  });

  it.each([[{}], [[]], [null], ['COMPLETED'], [[{ status: 'FAILED' }]], [{ error: 'x' }]])(
    'is empty when its JSON has no known field: %j',
    async (body) => {
      expect(await resultFrom(json(200, body))).toMatchObject({ type: 'empty', metrics: null });
      // 202 means that the result is not ready yet.
      expect(await resultFrom(json(202, body))).toMatchObject({ type: 'inconclusive', apiAnswered: true });
    },
  );

  it('is inconclusive while the job still runs, regardless of other fields', async () => {
    for (const status of ['QUEUED', 'PROCESSING', 'WARMING_UP']) {
      expect(await resultFrom(json(200, { status, output: URL_OF_VIDEO }))).toMatchObject({
        type: 'inconclusive',
        apiAnswered: true,
      });
    }
  });

  it('is inconclusive when it is over 64 MiB, and the rest is not read', async () => {
    const body = `{"status":"COMPLETED","output":"${'A'.repeat(64 * 1024 * 1024)}"}`;
    await using session = await jobSession(answer(200, body));
    expect(await session.segmind.result('job-1', patiently())).toMatchObject({
      type: 'inconclusive',
      reason: 'HTTP 200 with an unreadable body',
    });
    await session.server.untilIdle();
  });

  it('is failed after HTTP 422, not found after a 404 in JSON, and inconclusive after a 404 in HTML', async () => {
    expect(
      await resultFrom(json(422, { status: 'FAILED', error: 'Blocked.', metrics: { cost: 0 } })),
    ).toEqual({
      type: 'failed',
      message: 'Blocked.',
      metrics: { queueSeconds: null, inferenceSeconds: null, costUsd: 0 },
    });
    expect(await resultFrom(json(200, { status: 'FAILED', output: URL_OF_VIDEO }))).toMatchObject({
      type: 'failed',
    });
    expect(await resultFrom(json(404, { error: 'Request job-1 not found' }))).toEqual({
      type: 'not-found',
      reason: 'HTTP 404: Request job-1 not found',
    });
    expect(await resultFrom(html(404))).toMatchObject({ type: 'inconclusive', apiAnswered: false });
  });
});
