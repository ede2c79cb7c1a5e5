import { describe, expect, it } from 'vitest';
import type { SubmitOutcome } from '../../src/upstream/video-upstream.ts';
import {
  answer,
  html,
  json,
  neverEnding,
  type Reply,
  truncated,
} from '../support/scripted-upstream-replies.ts';
import { API_KEY, NOW, patiently, REQUEST, submitSession } from '../support/scripted-upstream-session.ts';

async function submitTo(...replies: Reply[]): Promise<SubmitOutcome> {
  await using session = await submitSession(...replies);
  return await session.segmind.submit(REQUEST, patiently());
}

const later = (ms: number): string => new Date(NOW + ms).toUTCString();

const NO_CREDITS = 'Insufficient credits. You have 0.0 credits.';

describe('a submit that was answered with a job', () => {
  it.each([
    [200, 'd1f0a9c27b3e4a5f8c6d7e8f90a1b2c3', 'd1f0a9c27b3e4a5f8c6d7e8f90a1b2c3'],
    [200, '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'],
    [202, 'abc', 'abc'],
    [201, 'abc', 'abc'],
    [200, 12_345, '12345'],
    [200, ' abc ', 'abc'],
    [200, 'a/b?c#d', 'a/b?c#d'],
    [200, 'x'.repeat(200), 'x'.repeat(200)],
  ])('takes HTTP %i with the id %j', async (status, id, upstreamId) => {
    expect(await submitTo(json(status, { request_id: id }))).toEqual({ type: 'accepted', upstreamId });
  });

  it('needs nothing but the id', async () => {
    const odd = { request_id: 'abc', status: ['?'], metrics: 'none', error: 7, video: 1, output: {} };
    expect(await submitTo(json(200, odd))).toEqual({ type: 'accepted', upstreamId: 'abc' });
  });
});

describe('a submit whose success can’t be read', () => {
  it.each<[string, Reply]>([
    ['no id', json(200, { status: 'QUEUED' })],
    ['the id null', json(200, { request_id: null })],
    ['an empty id', json(200, { request_id: ' ' })],
    ['the id .', json(200, { request_id: '.' })],
    ['the id ..', json(200, { request_id: '..' })],
    ['an id of 201 characters', json(200, { request_id: 'x'.repeat(201) })],
    ['half an emoji in the id', json(200, { request_id: 'a\ud83d' })],
    ['an id that is a list', json(200, { request_id: ['a'] })],
    ['an id that is true', json(200, { request_id: true })],
    ['a number that JSON can’t hold', answer(200, '{"request_id":12345678901234567890}')],
    ['null', json(200, null)],
    ['a list', json(200, [{ request_id: 'abc' }])],
    ['a text', json(200, 'abc')],
    ['HTML', html(200)],
    ['an empty body', answer(200)],
    ['no content', answer(204)],
    ['JSON cut short', answer(200, '{"request_id":"abc","status":"QUE')],
    ['a body shorter than announced', truncated(200, '{"request_id":"abc"}')],
    ['headers and no body', truncated(200, '')],
    ['more than a megabyte', json(200, { request_id: 'abc', more: 'x'.repeat(1024 * 1024) })],
  ])('is unknown, never to be sent again: %s', async (_name, reply) => {
    const outcome = await submitTo(reply);
    expect(outcome).toEqual({
      type: 'unknown',
      message: expect.stringMatching(
        /^The answer to the submission was lost \(HTTP 20\d .*it is not sent again\.$/,
      ),
    });
  });
});

describe('a submit that was refused', () => {
  it.each([
    [400, 'REJECTED'],
    [401, 'UPSTREAM_UNAUTHORIZED'],
    [402, 'INSUFFICIENT_CREDITS'],
    [403, 'UPSTREAM_UNAUTHORIZED'],
    [404, 'MODEL_UNAVAILABLE'],
    [405, 'REJECTED'],
    [410, 'MODEL_UNAVAILABLE'],
    [413, 'REJECTED'],
    [415, 'REJECTED'],
    [422, 'REJECTED'],
  ] as const)('HTTP %i is %s, in the upstream’s own words', async (status, code) => {
    const reply = json(status, { error: 'Its own words.' });
    expect(await submitTo(reply)).toEqual({ type: 'refused', code, message: 'Its own words.' });
  });

  it.each([400, 401, 402, 403, 404, 405, 406, 410, 413, 422])(
    'HTTP %i is refused for good too when its body is HTML, empty, cut short or over-long',
    async (status) => {
      const long = json(status, { error: 'x'.repeat(1024 * 1024) });
      for (const reply of [html(status), answer(status), truncated(status, '{"err'), long]) {
        expect(await submitTo(reply)).toEqual({
          type: 'refused',
          code: expect.stringMatching(/^[A-Z_]+$/),
          message: `The upstream answered HTTP ${status}.`,
        });
      }
    },
  );

  it.each<[string, Reply, string]>([
    ['credits in its words', json(406, { error: NO_CREDITS }), 'INSUFFICIENT_CREDITS'],
    ['credits in capitals', json(406, { error: 'NO CREDIT LEFT' }), 'INSUFFICIENT_CREDITS'],
    ['no words', json(406, {}), 'INSUFFICIENT_CREDITS'],
    ['no body', answer(406), 'INSUFFICIENT_CREDITS'],
    ['HTML', html(406), 'INSUFFICIENT_CREDITS'],
    ['other words', json(406, { error: 'Invalid content type' }), 'REJECTED'],
  ])('HTTP 406 with %s is told apart', async (_name, reply, code) => {
    expect(await submitTo(reply)).toMatchObject({ type: 'refused', code });
  });

  it.each([
    [{ error: { detail: 'nested' } }, '{"detail":"nested"}'],
    [{ error: ['a', 'b'] }, '["a","b"]'],
    [{ error: '  padded  ' }, 'padded'],
    [{ error: '' }, 'The upstream answered HTTP 400.'],
    [{ error: null }, 'The upstream answered HTTP 400.'],
    [{ message: 'elsewhere' }, 'The upstream answered HTTP 400.'],
    [{ error: 'x'.repeat(501) }, 'x'.repeat(500)],
    [{ error: `${'x'.repeat(499)}😺` }, `${'x'.repeat(499)}\ufffd`],
  ])('reads the reason from %j', async (body, message) => {
    expect(await submitTo(json(400, body))).toEqual({ type: 'refused', code: 'REJECTED', message });
  });

  it('outlives a reason nested too deeply to be written out', async () => {
    const depth = 50_000;
    const reason = `${'{"0":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(await submitTo(answer(400, `{"error":${reason}}`))).toMatchObject({
      type: 'refused',
      code: 'REJECTED',
    });
  });

  it('decides by the status when the body never ends', async () => {
    await using session = await submitSession(neverEnding(400, '{"error":"Its'));
    const outcome = await session.segmind.submit(REQUEST, patiently({ timeoutMs: 100 }));
    expect(outcome).toEqual({
      type: 'refused',
      code: 'REJECTED',
      message: 'The upstream answered HTTP 400.',
    });
  });
});

describe('a submit that met with an error of the moment', () => {
  it.each([408, 425, 429, 500, 501, 502, 503, 507, 521, 522, 523, 530])(
    'HTTP %i is known not to have made a job',
    async (status) => {
      for (const reply of [json(status, { error: 'busy' }), html(status), truncated(status, '<html')]) {
        expect(await submitTo(reply)).toMatchObject({
          type: 'not-made',
          reason: expect.stringContaining(`HTTP ${status}`),
          rateLimited: status === 429,
          retryAfterMs: null,
        });
      }
    },
  );

  it.each([504, 520, 524])('HTTP %i leaves open whether a job was made', async (status) => {
    for (const reply of [json(status, { error: 'timeout' }), html(status)]) {
      expect(await submitTo(reply)).toEqual({
        type: 'unknown',
        message: expect.stringContaining(`HTTP ${status}`),
      });
    }
  });

  it('decides by the status when the body never ends', async () => {
    await using session = await submitSession(neverEnding(503, ''), neverEnding(504, ''));
    const hurried = patiently({ timeoutMs: 100 });
    expect(await session.segmind.submit(REQUEST, hurried)).toMatchObject({ type: 'not-made' });
    expect(await session.segmind.submit(REQUEST, hurried)).toMatchObject({ type: 'unknown' });
  });

  it.each<[string | string[], number | null]>([
    ['7', 7000],
    [' 7 ', 7000],
    ['0', 0],
    ['1.5', 1500],
    ['100.00001', 100_001],
    [later(30_000), 30_000],
    [later(-30_000), 0],
    [['3', '9'], 3000],
    ['', null],
    ['-5', null],
    ['soon', null],
    ['soon 5', null],
    ['try 2099', null],
    ['1e9', null],
    ['0x10', null],
    ['Infinity', null],
    ['Someday, maybe GMT', null],
  ])('reads the wait from Retry-After: %j', async (header, retryAfterMs) => {
    for (const status of [429, 503]) {
      const outcome = await submitTo(json(status, { error: 'busy' }, { 'retry-after': header }));
      expect(outcome).toMatchObject({ type: 'not-made', rateLimited: status === 429, retryAfterMs });
    }
  });
});

describe('the key', () => {
  it.each([400, 401, 403, 406, 429, 500, 504, 200])(
    'never appears in an outcome, though HTTP %i echoes it',
    async (status) => {
      const echoes = [
        json(status, { error: `Invalid key ${API_KEY}, yes ${API_KEY}` }),
        json(status, { error: { key: API_KEY, [API_KEY]: 1 } }),
        json(status, { request_id: API_KEY, error: `${'x'.repeat(490)}${API_KEY}` }),
        html(status, API_KEY),
      ];
      for (const reply of echoes) {
        const told = JSON.stringify(await submitTo(reply));
        expect(told).not.toContain(API_KEY);
        expect(told).not.toContain(API_KEY.slice(0, 10));
      }
    },
  );
});
