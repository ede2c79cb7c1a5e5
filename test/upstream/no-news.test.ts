import { describe, expect, it } from 'vitest';
import {
  answer,
  destroyAfterReading,
  destroyBeforeReading,
  html,
  json,
  neverEnding,
  redirect,
  type Reply,
  silence,
  truncated,
} from '../support/scripted-upstream-replies.ts';
import {
  API_KEY,
  connectTo,
  jobSession,
  openSession,
  patiently,
  REQUEST,
  SUBMIT_PATH,
} from '../support/scripted-upstream-session.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';

const NO_NEWS = { type: 'no-news', rateLimited: false, retryAfterMs: null, reason: expect.any(String) };

describe.each(['status', 'result'] as const)('a %s call that learns nothing', (call) => {
  it.each<[string, Reply]>([
    ['an unknown word', json(200, { status: 'CANCELED' })],
    ['no word', json(200, {})],
    ['a word that is no text', json(200, { status: { is: 'QUEUED' } })],
    ['422 without a word', json(422, { error: 'Unprocessable' })],
    ['422 with another word', json(422, { status: 'COMPLETED', output: 'https://example.com/v.mp4' })],
    ['null', json(200, null)],
    ['a list', json(200, [{ status: 'FAILED' }])],
    ['a text', json(200, 'COMPLETED')],
    ['HTML', html(200)],
    ['an empty body', answer(200)],
    ['JSON cut short', answer(200, '{"status":"COMPLETED","output":"https://exam')],
    ['a body shorter than announced', truncated(200, '{"status":"FAILED","error":"x"}')],
    ['FAILED in a body shorter than announced', truncated(422, '{"status":"FAILED","error":"x"}')],
    ['FAILED with a status that is no FAILED’s', json(500, { status: 'FAILED', error: 'x' })],
    ['400', json(400, { error: 'x' })],
    ['401', json(401, { error: 'x' })],
    ['402', json(402, { error: 'x' })],
    ['403', json(403, { error: 'x' })],
    ['405 in HTML', html(405)],
    ['410', json(410, { error: 'x' })],
    ['404 in HTML', html(404)],
    ['404 cut short', truncated(404, '{"error":"Request job-1 not found"}')],
    ['500', json(500, { error: 'x' })],
    ['502 in HTML', html(502)],
    ['504', html(504)],
    ['no answer', destroyAfterReading],
    ['no answer and nothing read', destroyBeforeReading],
  ])('is told apart from news: %s', async (_name, reply) => {
    await using session = await jobSession(reply);
    expect(await session.segmind[call]('job-1', patiently())).toEqual(NO_NEWS);
    expect(session.server.requests).toHaveLength(1);
  });

  it('hands on that it was one call too many, and how long to wait', async () => {
    await using session = await jobSession(
      html(429),
      json(503, {}, { 'retry-after': '5' }),
      answer(429, '', { 'retry-after': '8' }),
    );
    const ask = () => session.segmind[call]('job-1', patiently());
    expect(await ask()).toMatchObject({ type: 'no-news', rateLimited: true, retryAfterMs: null });
    expect(await ask()).toMatchObject({ type: 'no-news', rateLimited: false, retryAfterMs: 5000 });
    expect(await ask()).toMatchObject({ type: 'no-news', rateLimited: true, retryAfterMs: 8000 });
  });

  it.each<[string, Reply]>([
    ['never comes', silence],
    ['never ends', neverEnding(200, '{"status":"COMPLETED"')],
    ['never ends with an error', neverEnding(404, '{"error":"x"}')],
  ])('ends at its deadline when the answer %s', { timeout: 5000 }, async (_name, reply) => {
    await using session = await jobSession(reply);
    expect(await session.segmind[call]('job-1', patiently({ timeoutMs: 100 }))).toEqual(NO_NEWS);
    await session.server.untilIdle();
  });

  it('ends at its deadline though the answer trickles in', { timeout: 5000 }, async () => {
    await using session = await jobSession(neverEnding(200, ' '.repeat(100_000)));
    expect(await session.segmind[call]('job-1', patiently({ timeoutMs: 100 }))).toEqual(NO_NEWS);
  });

  it('ends when it is called off', async () => {
    await using session = await jobSession(silence);
    const abort = new AbortController();
    const asked = session.segmind[call]('job-1', patiently({ signal: abort.signal }));
    await session.server.untilRequests(1);
    abort.abort();
    expect(await asked).toEqual(NO_NEWS);
    await session.server.untilIdle();
  });

  it('learns nothing where there is nobody', async () => {
    await using gone = await ScriptedUpstream.start();
    const { origin } = gone;
    await gone[Symbol.asyncDispose]();
    await using segmind = connectTo(origin);
    expect(await segmind[call]('job-1', patiently())).toEqual(NO_NEWS);
  });

  it('does not follow a redirect, so that the key goes nowhere else', async () => {
    await using elsewhere = await ScriptedUpstream.start();
    await using session = await jobSession(redirect(307, `${elsewhere.origin}/v2/requests/job-1`));
    expect(await session.segmind[call]('job-1', patiently())).toEqual(NO_NEWS);
    expect(elsewhere.connectionsMade).toBe(0);
  });

  it('never tells the key, though the upstream echoes it', async () => {
    const replies = [
      json(401, { error: API_KEY }),
      json(422, { status: 'FAILED', error: `key ${API_KEY}` }),
      html(500, API_KEY),
      json(200, { status: API_KEY }),
      json(200, { status: 'COMPLETED', output: `https://example.com/?key=${API_KEY}` }),
    ];
    await using session = await jobSession(...replies);
    for (const _ of replies) {
      expect(JSON.stringify(await session.segmind[call]('job-1', patiently()))).not.toContain(API_KEY);
    }
  });
});

describe('the URLs in answers', () => {
  it('are never called: no request goes to another origin, and no key', async () => {
    await using elsewhere = await ScriptedUpstream.start();
    await using session = await openSession();
    const urls = {
      poll_url: `${elsewhere.origin}/v2/requests/job-1`,
      status_url: `${elsewhere.origin}/v2/requests/job-1/status`,
      response_url: `${elsewhere.origin}/v2/requests/job-1`,
    };
    const id = { request_id: 'job-1' };
    session.server
      .on('POST', SUBMIT_PATH, json(200, { ...id, status: 'QUEUED', ...urls }))
      .on('GET', '/v2/requests/job-1/status', json(200, { ...id, status: 'COMPLETED', ...urls }))
      .on(
        'GET',
        '/v2/requests/job-1',
        json(200, { ...id, status: 'COMPLETED', ...urls, output: `${elsewhere.origin}/v.mp4` }),
      );
    expect(await session.segmind.submit(REQUEST, patiently())).toEqual({
      type: 'accepted',
      upstreamId: 'job-1',
    });
    expect(await session.segmind.status('job-1', patiently())).toMatchObject({ type: 'completed' });
    expect(await session.segmind.result('job-1', patiently())).toMatchObject({ type: 'ready' });
    expect(session.server.requests).toHaveLength(3);
    expect(elsewhere.connectionsMade).toBe(0);
  });
});
