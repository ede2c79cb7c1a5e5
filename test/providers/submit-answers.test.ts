import { describe, expect, it } from 'vitest';
import { answer, html, json, neverEnding, type Reply, truncated } from '../support/upstream/replies.ts';
import { API_KEY, NOW, patiently, REQUEST, submitSession, submitTo } from '../support/upstream/session.ts';

const later = (ms: number): string => new Date(NOW + ms).toUTCString();

describe('a submit whose answer has a job', () => {
  it.each([
    [200, 'd1f0a9c27b3e4a5f8c6d7e8f90a1b2c3', 'd1f0a9c27b3e4a5f8c6d7e8f90a1b2c3'],
    [200, '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'],
    [202, 'abc', 'abc'],
    [201, 'abc', 'abc'],
    [200, 12_345, '12345'],
    [200, ' abc ', 'abc'],
    [200, 'a/b?c#d', 'a/b?c#d'],
    [200, 'x'.repeat(200), 'x'.repeat(200)],
  ])('accepts HTTP %i with the id %j', async (status, id, upstreamId) => {
    expect(await submitTo(json(status, { request_id: id }))).toEqual({ type: 'accepted', upstreamId });
  });

  it('needs only the id', async () => {
    const odd = { request_id: 'abc', status: ['?'], metrics: 'none', error: 7, video: 1, output: {} };
    expect(await submitTo(json(200, odd))).toEqual({ type: 'accepted', upstreamId: 'abc' });
  });
});

/** The ids in those answers. */
const NAMED_IDS: Readonly<Record<string, string>> = { 'a list': 'abc', 'JSON cut short': 'abc' };

describe('a submit whose success answer is unreadable', () => {
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
  ])('is unknown, never to be sent again: %s', async (name, reply) => {
    const outcome = await submitTo(reply);
    expect(outcome).toEqual({
      type: 'unknown',
      message: expect.stringMatching(
        /^The answer to the submission was lost \(HTTP 20\d .*it is not sent again\.$/,
      ),
      apiAnswered: name !== 'HTML',
      candidateId: NAMED_IDS[name] ?? null,
    });
  });
});

describe('a submit with a transient error', () => {
  it.each([408, 425, 429, 500, 501, 502, 503, 507, 521, 522, 523, 530])(
    'HTTP %i creates no job',
    async (status) => {
      for (const reply of [json(status, { error: 'busy' }), html(status), truncated(status, '<html')]) {
        expect(await submitTo(reply)).toMatchObject({
          type: 'not-created',
          reason: expect.stringContaining(`HTTP ${status}`),
          rateLimited: status === 429,
          retryAfterMs: null,
        });
      }
    },
  );

  it.each([504, 520, 524])('HTTP %i leaves open whether a job was created', async (status) => {
    const page = html(status);
    for (const reply of [json(status, { error: 'timeout' }), page]) {
      expect(await submitTo(reply)).toEqual({
        type: 'unknown',
        message: expect.stringContaining(`HTTP ${status}`),
        apiAnswered: reply !== page,
        candidateId: null,
      });
    }
  });

  it.each([403, 404])('HTTP %i in HTML comes from a CDN, so no job was created', async (status) => {
    expect(await submitTo(html(status))).toEqual({
      type: 'not-created',
      reason: `HTTP ${status} with an HTML page`,
      apiAnswered: false,
      rateLimited: false,
      retryAfterMs: null,
    });
  });

  it.each([400, 401, 402, 404, 406, 422, 429, 500, 502, 503, 504])(
    'HTTP %i with a request_id leaves open whether that job was created',
    async (status) => {
      const expected = {
        type: 'unknown',
        message: expect.stringContaining(`HTTP ${status}: busy`),
        apiAnswered: true,
        candidateId: 'job-1',
      };
      expect(await submitTo(json(status, { error: 'busy', request_id: 'job-1' }))).toEqual(expected);
      const nested = { message: 'busy', meta: { request: { request_id: 'job-1' } } };
      expect(await submitTo(json(status, nested))).toEqual(expected);
      const listed = { error: 'busy', requests: [{ request_id: 'job-1' }] };
      expect(await submitTo(json(status, listed))).toEqual(expected);
      const cut = answer(status, '{"error":"busy","request_id": "job-1","mess');
      expect(await submitTo(cut)).toMatchObject({ type: 'unknown', candidateId: 'job-1' });
      const unusable = { error: 'busy', request_id: ' ' };
      expect(await submitTo(json(status, unusable))).not.toMatchObject({ candidateId: expect.any(String) });
    },
  );

  it('decides by the status when the body never ends', async () => {
    await using session = await submitSession(neverEnding(503, ''), neverEnding(504, ''));
    const hurried = patiently({ timeoutMs: 100 });
    expect(await session.segmind.submit(REQUEST, hurried)).toMatchObject({ type: 'not-created' });
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
      expect(outcome).toMatchObject({ type: 'not-created', rateLimited: status === 429, retryAfterMs });
    }
  });
});

describe('the reset of the rate limit', () => {
  const seconds = NOW / 1000;
  const reset = 'x-rate-limit-reset-at-utc';

  it.each<[string, number | null]>([
    ['2026-11-22T12:00:30Z', 30_000],
    ['2026-11-22T12:00:30.5Z', 30_500],
    ['2026-11-22T12:00:30', 30_000],
    ['2026-11-22 12:00:30', 30_000],
    ['2026-11-22 12:00:30.250000+00:00', 30_250],
    ['2026-11-22T14:00:30+02:00', 30_000],
    ['2026-11-22T14:00:30+0200', 30_000],
    [later(30_000), 30_000],
    [String(seconds + 30), 30_000],
    [String(seconds + 30.5), 30_500],
    [String(NOW + 30_000), 30_000],
    [String(seconds - 30), 0],
    ['2026-11-22T11:59:00Z', 0],
    ['30', null],
    ['soon', null],
    ['', null],
    ['-1', null],
    ['2026-11-22', null],
    ['2026-13-45T99:99:99Z', null],
    ['1e12', null],
  ])('%j is used like Retry-After', async (header, retryAfterMs) => {
    const outcome = await submitTo(json(429, { error: 'busy' }, { [reset]: header }));
    expect(outcome).toMatchObject({ type: 'not-created', rateLimited: true, retryAfterMs });
  });

  it('is measured by the upstream’s own clock when the answer has a Date', async () => {
    const headers = { [reset]: '2026-11-22T13:00:30Z', date: later(60 * 60 * 1000) };
    expect(await submitTo(json(429, {}, headers))).toMatchObject({ retryAfterMs: 30_000 });
  });

  it('is overridden by Retry-After, and ignored without a 429', async () => {
    const headers = { [reset]: '2026-11-22T12:00:30Z' };
    expect(await submitTo(json(429, {}, { ...headers, 'retry-after': '7' }))).toMatchObject({
      retryAfterMs: 7000,
    });
    expect(await submitTo(json(429, {}, { ...headers, 'retry-after': 'soon' }))).toMatchObject({
      retryAfterMs: 30_000,
    });
    expect(await submitTo(json(503, {}, headers))).toMatchObject({ retryAfterMs: null });
  });
});

describe('the key', () => {
  it.each([400, 401, 403, 406, 429, 500, 504, 200])(
    'never appears in an outcome, even when HTTP %i echoes it',
    async (status) => {
      const echoes = [
        json(status, { error: `Invalid key ${API_KEY}, yes ${API_KEY}` }),
        json(status, { error: { key: API_KEY, [API_KEY]: 1 } }),
        json(status, { request_id: API_KEY, error: `${'x'.repeat(490)}${API_KEY}` }),
        html(status, API_KEY),
      ];
      for (const reply of echoes) {
        const outcome = JSON.stringify(await submitTo(reply));
        expect(outcome).not.toContain(API_KEY);
        expect(outcome).not.toContain(API_KEY.slice(0, 10));
      }
    },
  );
});
