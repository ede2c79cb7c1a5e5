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
} from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import {
  API_KEY,
  connectTo,
  jobSession,
  openSession,
  patiently,
  REQUEST,
  SUBMIT_PATH,
} from '../support/upstream/session.ts';

const SILENT = {
  type: 'inconclusive',
  apiAnswered: false,
  rateLimited: false,
  retryAfterMs: null,
  reason: expect.any(String),
};
const JSON_TYPE = { 'content-type': 'application/json' };
const TEXT_TYPE = { 'content-type': 'text/plain' };
const VIDEO = 'https://example.com/v.mp4';

describe.each(['status', 'result'] as const)('an inconclusive %s call', (call) => {
  it.each<[string, Reply, boolean]>([
    ['an unknown word', json(200, { status: 'WARMING_UP' }), true],
    ['a known word under 500', json(500, { status: 'PROCESSING' }), true],
    ['422 without a word', json(422, { error: 'Unprocessable' }), true],
    ['422 with another word', json(422, { status: 'WARMING_UP', output: VIDEO }), true],
    ['HTML', html(200), false],
    ['HTML without a type', answer(200, '<!DOCTYPE html>\n<p>x</p>'), false],
    ['an empty body', answer(200), true],
    ['an unknown encoding', answer(200, '{}', { ...JSON_TYPE, 'content-encoding': 'zz' }), true],
    ['JSON cut short', answer(200, '{"status":"COMPLETED","output":"https://exam', JSON_TYPE), true],
    ['JSON cut short under 503', answer(503, '{"error":"bus', JSON_TYPE), true],
    ['a body shorter than announced', truncated(200, '{"status":"FAILED","error":"x"}'), true],
    ['FAILED in a body shorter than announced', truncated(422, '{"status":"FAILED","error":"x"}'), true],
    ['a page shorter than announced', truncated(200, '<html>', 'text/html'), false],
    ['a text shorter than announced', truncated(503, 'x', 'text/plain'), false],
    ['400', json(400, { error: 'x' }), true],
    ['401', json(401, { error: 'x' }), true],
    ['402', json(402, { error: 'x' }), true],
    ['403', json(403, { error: 'x' }), true],
    ['403 in HTML', html(403), false],
    ['405 in HTML', html(405), false],
    ['404 in HTML', html(404), false],
    ['404 cut short', truncated(404, '{"error":"Request job-1 not found"}'), true],
    ['500', json(500, { error: 'x' }), true],
    ['500 in a text', answer(500, 'Internal error', TEXT_TYPE), true],
    ['502 in HTML', html(502), false],
    ['502 in a text', answer(502, 'Bad gateway', TEXT_TYPE), false],
    ['502 in JSON', json(502, { error: 'x' }), true],
    ['503 in JSON', json(503, { message: 'x' }), true],
    ['503 in JSON of another type', answer(503, '{"error":"x"}', TEXT_TYPE), true],
    ['503 with nothing', answer(503, '', JSON_TYPE), false],
    ['504', html(504), false],
    ['520', answer(520, 'x', TEXT_TYPE), false],
    ['530', answer(530), false],
    ['no answer', destroyAfterReading, false],
    ['no answer and nothing read', destroyBeforeReading, false],
  ])('reports whether the API itself answered: %s', async (_name, reply, apiAnswered) => {
    await using session = await jobSession(reply);
    expect(await session.segmind[call]('job-1', patiently())).toEqual({ ...SILENT, apiAnswered });
    expect(session.server.requests).toHaveLength(1);
  });

  it.each<[Reply, string]>([
    [json(503, { error: 'Busy.' }), 'HTTP 503: Busy.'],
    [json(500, { detail: [{ loc: ['body', 'steps'], msg: 'bad' }] }), 'HTTP 500: body.steps: bad'],
    [answer(500, 'Busy.', TEXT_TYPE), 'HTTP 500: Busy.'],
    [html(502), 'HTTP 502 with an HTML page'],
    [answer(502), 'HTTP 502 with an empty body'],
    [truncated(200, '{'), 'HTTP 200 with an unreadable body'],
    [json(200, { status: 'WARMING_UP' }), 'HTTP 200: {"status":"WARMING_UP"}'],
    [answer(500, 'x'.repeat(501), TEXT_TYPE), `HTTP 500: ${'x'.repeat(500)}`],
  ])('has the message of the upstream: %#', async (reply, reason) => {
    await using session = await jobSession(reply);
    expect(await session.segmind[call]('job-1', patiently())).toMatchObject({ type: 'inconclusive', reason });
  });

  it('reports the rate limit and its Retry-After', async () => {
    await using session = await jobSession(
      html(429),
      json(503, {}, { 'retry-after': '5' }),
      answer(429, '', { 'retry-after': '8' }),
    );
    const ask = () => session.segmind[call]('job-1', patiently());
    expect(await ask()).toMatchObject({ type: 'inconclusive', rateLimited: true, retryAfterMs: null });
    expect(await ask()).toMatchObject({ type: 'inconclusive', rateLimited: false, retryAfterMs: 5000 });
    expect(await ask()).toMatchObject({ type: 'inconclusive', rateLimited: true, retryAfterMs: 8000 });
  });

  it.each<[string, Reply]>([
    ['never comes', silence],
    ['never ends', neverEnding(200, '{"status":"COMPLETED"')],
    ['never ends with an error', neverEnding(404, '{"error":"x"}')],
  ])('ends at its deadline when the answer %s', { timeout: 5000 }, async (_name, reply) => {
    await using session = await jobSession(reply);
    const outcome = await session.segmind[call]('job-1', patiently({ timeoutMs: 100 }));
    // Truncated JSON came from the API.
    expect(outcome).toEqual({ ...SILENT, apiAnswered: reply !== silence });
    await session.server.untilIdle();
  });

  it('ends at its deadline even when the answer arrives slowly', { timeout: 5000 }, async () => {
    await using session = await jobSession(neverEnding(200, ' '.repeat(100_000)));
    const outcome = await session.segmind[call]('job-1', patiently({ timeoutMs: 100 }));
    expect(outcome).toEqual({ ...SILENT, apiAnswered: true });
  });

  it('ends when it is aborted', async () => {
    await using session = await jobSession(silence);
    const abort = new AbortController();
    const asked = session.segmind[call]('job-1', patiently({ signal: abort.signal }));
    await session.server.untilRequests(1);
    abort.abort();
    expect(await asked).toEqual(SILENT);
    await session.server.untilIdle();
  });

  it('is inconclusive when the connection is refused', async () => {
    await using gone = await ScriptedUpstream.start();
    const { origin } = gone;
    await gone[Symbol.asyncDispose]();
    await using segmind = connectTo(origin);
    expect(await segmind[call]('job-1', patiently())).toEqual(SILENT);
  });

  it('does not follow a redirect, so that the key is not sent elsewhere', async () => {
    await using elsewhere = await ScriptedUpstream.start();
    await using session = await jobSession(redirect(307, `${elsewhere.origin}/v2/requests/job-1`));
    const outcome = await session.segmind[call]('job-1', patiently());
    expect(outcome).toEqual({ ...SILENT, apiAnswered: true });
    expect(elsewhere.connectionsMade).toBe(0);
  });

  it('never returns the key, even when the upstream echoes it', async () => {
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

describe('an inconclusive status call', () => {
  it.each<[string, Reply]>([
    ['no word', json(200, {})],
    ['an empty word', json(200, { status: ' ' })],
    ['a word that is no text', json(200, { status: { is: 'QUEUED' } })],
    ['null', json(200, null)],
    ['a list', json(200, [{ status: 'FAILED' }])],
    ['a text', json(200, 'COMPLETED')],
  ])('has an answer of the API with %s', async (_name, reply) => {
    await using session = await jobSession(reply);
    const outcome = await session.segmind.status('job-1', patiently());
    expect(outcome).toEqual({ ...SILENT, apiAnswered: true });
  });
});

describe('the URLs in answers', () => {
  it('are never called: no request and no key goes to another origin', async () => {
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
