import { describe, expect, it } from 'vitest';
import { answer, html, json, neverEnding, type Reply, truncated } from '../support/upstream/replies.ts';
import { patiently, REQUEST, submitSession, submitTo } from '../support/upstream/session.ts';

const NO_CREDITS = 'Insufficient credits. You have 0.0 credits.';

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
  ] as const)('HTTP %i is %s, with the upstream’s own message', async (status, code) => {
    const reply = json(status, { error: 'Its own message.' });
    expect(await submitTo(reply)).toEqual({ type: 'refused', code, message: 'Its own message.' });
  });

  it.each([400, 401, 402, 403, 404, 405, 406, 410, 413, 422])(
    'HTTP %i is refused too when its body is empty, truncated, too long, or HTML that no CDN sends',
    async (status) => {
      const long = json(status, { error: 'x'.repeat(1024 * 1024) });
      const pages = status === 403 || status === 404 ? [] : [html(status)];
      for (const reply of [...pages, answer(status), truncated(status, '{"err'), long]) {
        expect(await submitTo(reply)).toEqual({
          type: 'refused',
          code: expect.stringMatching(/^[A-Z_]+$/),
          message: `The upstream answered HTTP ${status}.`,
        });
      }
    },
  );

  it.each<[string, Reply, string]>([
    ['credits in its message', json(406, { error: NO_CREDITS }), 'INSUFFICIENT_CREDITS'],
    ['credits in capitals', json(406, { error: 'NO CREDIT LEFT' }), 'INSUFFICIENT_CREDITS'],
    ['no message', json(406, {}), 'INSUFFICIENT_CREDITS'],
    ['no body', answer(406), 'INSUFFICIENT_CREDITS'],
    ['HTML', html(406), 'INSUFFICIENT_CREDITS'],
    ['a spend limit', json(406, { error: 'Team spend limit reached' }), 'INSUFFICIENT_CREDITS'],
    ['a monthly limit', json(406, { detail: 'Monthly limit exceeded' }), 'INSUFFICIENT_CREDITS'],
    ['a budget', json(406, { message: 'Over budget' }), 'INSUFFICIENT_CREDITS'],
    ['a content type', json(406, { error: 'Invalid content type' }), 'REJECTED'],
    ['a parameter', json(406, { error: 'steps is over the limit of 70' }), 'REJECTED'],
  ])('HTTP 406 with %s is classified', async (_name, reply, code) => {
    expect(await submitTo(reply)).toMatchObject({ type: 'refused', code });
  });

  it.each([400, 403, 404])('HTTP %i with a message about credits means missing credits', async (status) => {
    expect(await submitTo(json(status, { error: 'No credits found' }))).toEqual({
      type: 'refused',
      code: 'INSUFFICIENT_CREDITS',
      message: 'No credits found',
    });
  });

  it('has the message of a plain text', async () => {
    for (const headers of [{ 'content-type': 'text/plain' }, {}]) {
      expect(await submitTo(answer(400, ' Bad image. ', headers))).toMatchObject({ message: 'Bad image.' });
    }
    expect(await submitTo(json(400, 'Bad image.'))).toMatchObject({ message: 'Bad image.' });
  });

  it.each([
    [{ error: { detail: 'nested' } }, '{"detail":"nested"}'],
    [{ error: ['a', 'b'] }, '["a","b"]'],
    [{ error: '  padded  ' }, 'padded'],
    [{ error: '' }, 'The upstream answered HTTP 400.'],
    [{ error: null }, 'The upstream answered HTTP 400.'],
    [{ error: true }, 'The upstream answered HTTP 400.'],
    [{ message: 'elsewhere' }, 'elsewhere'],
    [{ detail: 'elsewhere' }, 'elsewhere'],
    [
      {
        detail: [
          { loc: ['body', 'image'], msg: 'unreachable', type: 'value_error' },
          { loc: ['body', 'steps', 0], msg: 'too many' },
          { msg: 'no place' },
        ],
      },
      'body.image: unreachable; body.steps.0: too many; no place',
    ],
    [{ detail: ['a', { msg: 'b' }] }, '["a",{"msg":"b"}]'],
    [{ error: 'a', error_description: 'b', status_code: 400 }, 'a: b'],
    [{ error: 'a', message: 'a', detail: 'b' }, 'a: b'],
    [{ error: 'x'.repeat(501) }, 'x'.repeat(500)],
    [{ error: `${'x'.repeat(499)}😺` }, `${'x'.repeat(499)}\ufffd`],
  ])('reads the reason from %j', async (body, message) => {
    expect(await submitTo(json(400, body))).toEqual({ type: 'refused', code: 'REJECTED', message });
  });

  it('survives a reason that is nested too deeply', async () => {
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
