import { describe, expect, it } from 'vitest';
import { historyUrl } from '../../src/providers/segmind/facts.ts';
import { SegmindUpstream } from '../../src/providers/segmind/segmind-upstream.ts';
import { NO_EVENTS } from '../support/events.ts';
import {
  answer,
  destroyAfterReading,
  html,
  json,
  redirect,
  type Reply,
  silence,
  truncated,
} from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import {
  API_KEY,
  HISTORY_PATH,
  historySession,
  NOW,
  openSession,
  patiently,
} from '../support/upstream/session.ts';
import { ENTRY, QUERY, row } from './history-rows.ts';

const TEXT = { 'content-type': 'text/plain' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** Both calls of the history. */
const CALLS = {
  findInHistory: (segmind: SegmindUpstream, options = patiently()) => segmind.findInHistory(QUERY, options),
  lookUp: (segmind: SegmindUpstream, options = patiently()) => segmind.lookUp('job-1', options),
} as const;

describe.each(['findInHistory', 'lookUp'] as const)('%s', (name) => {
  const call = CALLS[name];

  it.each<[string, Reply, boolean]>([
    ['no answer', destroyAfterReading, false],
    ['a page shorter than announced', truncated(200, '{"data":['), true],
    ['408', json(408, { error: 'x' }), true],
    ['429', json(429, { error: 'x' }, { 'retry-after': '3' }), true],
    ['502 in HTML', html(502), false],
    ['503 in JSON', json(503, { error: 'x' }), true],
    ['503 in HTML', html(503), false],
    ['504', answer(504, 'x', TEXT), false],
    ['520', html(520), false],
    ['530', html(530), false],
  ])('is inconclusive after %s', async (kind, reply, apiAnswered) => {
    await using session = await historySession(reply);
    expect(await call(session.segmind)).toEqual({
      type: 'inconclusive',
      reason: expect.any(String),
      apiAnswered,
      rateLimited: kind === '429',
      retryAfterMs: kind === '429' ? 3000 : null,
    });
    expect(session.server.requests).toHaveLength(1);
  });

  it('is inconclusive when its deadline passes', { timeout: 5000 }, async () => {
    await using session = await historySession(silence);
    expect(await call(session.segmind, patiently({ timeoutMs: 100 }))).toMatchObject({
      type: 'inconclusive',
      apiAnswered: false,
    });
    await session.server.untilIdle();
  });

  it.each<[string, Reply]>([
    ['401', json(401, { error: 'x' })],
    ['400', json(400, { error: 'x' })],
    ['405 in HTML', html(405)],
    ['403 in HTML', html(403)],
    ['404 in HTML', html(404)],
    ['410', json(410, { error: 'x' })],
    ['500', json(500, { error: 'x' })],
    ['200 in HTML', html(200)],
    ['an empty body', answer(200)],
    ['no content', answer(204)],
    ['JSON cut short', answer(200, '{"data":[', JSON_TYPE)],
    ['a text', json(200, 'x')],
    ['null', json(200, null)],
    ['an object without a list', json(200, { ok: true })],
    ['rows that cannot be read', json(200, { data: [{ a: 1 }, 7] })],
  ])('cannot use the history after %s', async (_kind, reply) => {
    await using session = await historySession(reply);
    expect(await call(session.segmind)).toEqual({
      type: 'unusable',
      reason: expect.stringMatching(/^The request history cannot be used: \S/),
    });
  });

  it('does not follow a redirect, so that the key is not sent elsewhere', async () => {
    await using elsewhere = await ScriptedUpstream.start();
    await using session = await historySession(redirect(307, `${elsewhere.origin}${HISTORY_PATH}`));
    expect(await call(session.segmind)).toMatchObject({ type: 'unusable' });
    expect(elsewhere.connectionsMade).toBe(0);
  });

  it('never returns the key, even when the history echoes it', async () => {
    const replies = [
      json(401, { error: API_KEY }),
      html(500, API_KEY),
      json(200, [row({ error: API_KEY, generation_url: `https://a.example/?k=${API_KEY}` })]),
    ];
    await using session = await historySession(...replies);
    for (const _ of replies) expect(JSON.stringify(await call(session.segmind))).not.toContain(API_KEY);
  });

  it('makes no call when the history is off', async () => {
    await using session = await openSession();
    const { origin } = session.server;
    await using segmind = new SegmindUpstream({
      origin,
      apiKey: API_KEY,
      now: () => NOW,
      events: NO_EVENTS,
      historyUrl: null,
    });
    expect(segmind.hasHistory).toBe(false);
    expect(session.segmind.hasHistory).toBe(true);
    expect(await call(segmind)).toEqual({
      type: 'unusable',
      reason: 'The request history is turned off.',
    });
    expect(session.server.connectionsMade).toBe(0);
  });

  it('calls the configured URL on any origin', async () => {
    await using session = await openSession();
    await using history = await ScriptedUpstream.start();
    history.on('GET', /^\/own\/history/, json(200, [row()]));
    await using segmind = new SegmindUpstream({
      origin: session.server.origin,
      apiKey: API_KEY,
      now: () => NOW,
      events: NO_EVENTS,
      historyUrl: `${history.origin}/own/history/`,
    });
    expect(await call(segmind)).toMatchObject({ type: expect.stringMatching(/^(page|found)$/) });
    const [path = ''] = history.requests[0]?.path.split('?') ?? [];
    expect(path).toBe(name === 'lookUp' ? '/own/history/job-1' : '/own/history');
    expect(history.requests[0]?.headers).toMatchObject({ 'x-api-key': API_KEY });
    expect(session.server.connectionsMade).toBe(0);
  });
});

describe('a page', () => {
  it('is unusable when no row has a time', async () => {
    await using session = await historySession(json(200, [row({ model_created: 'yesterday' })]));
    expect(await session.segmind.findInHistory(QUERY, patiently())).toMatchObject({ type: 'unusable' });
  });

  it.each([403, 404])('is unusable after HTTP %i', async (status) => {
    await using session = await historySession(json(status, { error: 'x' }));
    expect(await session.segmind.findInHistory(QUERY, patiently())).toMatchObject({ type: 'unusable' });
  });
});

describe('one request', () => {
  it.each<[string, unknown]>([
    ['the answer itself', row()],
    ['data', { data: row() }],
    ['a list', [row()]],
    ['data as a list', { data: [row({ request_id: 'other' }), row()] }],
    ['rows for its outputs', { data: [row({ model_status: 'FAILED', generation_url: null }), row()] }],
  ])('is found in %s', async (_name, body) => {
    await using session = await historySession(json(200, body));
    expect(await session.segmind.lookUp('job-1', patiently())).toEqual({ type: 'found', entry: ENTRY });
    expect(session.server.requests.map(({ path }) => path)).toEqual([`${HISTORY_PATH}/job-1`]);
  });

  it('needs no inputs and no time', async () => {
    const bare = { request_id: 'job-1', model_status: 'FAILED', error: 'x' };
    await using session = await historySession(json(200, bare));
    expect(await session.segmind.lookUp('job-1', patiently())).toEqual({
      type: 'found',
      entry: {
        upstreamId: 'job-1',
        createdAt: null,
        state: 'failed',
        video: null,
        message: 'x',
        costUsd: null,
      },
    });
  });

  it.each<[string, Reply]>([
    ['404 in JSON', json(404, { detail: 'Not found' })],
    ['404 in JSON without a message', json(404, {})],
    ['404 in a text', answer(404, 'Not found', TEXT)],
    ['403', json(403, { error: 'Not yours' })],
    ['403 without a message', answer(403)],
    ['an empty list', json(200, { data: [] })],
  ])('is none of this account after %s', async (_name, reply) => {
    await using session = await historySession(reply);
    expect(await session.segmind.lookUp('job-1', patiently())).toEqual({ type: 'not-found' });
  });

  it('is found when the history writes its id in the other form', async () => {
    await using session = await openSession();
    const shown = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
    session.server.on('GET', /request-history/, json(200, row({ request_id: shown })));
    const upstreamId = shown.replaceAll('-', '');
    expect(await session.segmind.lookUp(upstreamId, patiently())).toEqual({
      type: 'found',
      entry: { ...ENTRY, upstreamId },
    });
  });

  it('is not confused with another one', async () => {
    await using session = await historySession(json(200, row({ request_id: 'other' })));
    expect(await session.segmind.lookUp('job-1', patiently())).toMatchObject({ type: 'unusable' });
  });

  it.each([
    ['a/b', 'a%2Fb'],
    ['../x', '..%2Fx'],
    ['a?b#c', 'a%3Fb%23c'],
  ])('has its id %j encoded as one segment of the path', async (id, segment) => {
    await using session = await openSession();
    await session.segmind.lookUp(id, patiently());
    expect(session.server.requests.map(({ path }) => path)).toEqual([`${HISTORY_PATH}/${segment}`]);
  });
});

describe('the default URL of the history', () => {
  it.each([
    ['https://api.segmind.com', 'https://api.spotprod.segmind.com/inference-request/request-history'],
    ['http://127.0.0.1:4100', 'http://127.0.0.1:4100/inference-request/request-history'],
    ['https://proxy.example.com', 'https://proxy.example.com/inference-request/request-history'],
  ])('for %s is %s', (origin, url) => {
    expect(historyUrl(origin)).toBe(url);
  });
});
