import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StatusOutcome } from '../../src/providers/video-upstream.ts';
import { answer, html, json, type Reply } from '../support/upstream/replies.ts';
import { API_KEY, jobSession, openSession, patiently } from '../support/upstream/session.ts';

async function statusFrom(reply: Reply): Promise<StatusOutcome> {
  await using session = await jobSession(reply);
  return await session.segmind.status('job-1', patiently());
}

const METRICS = { queueSeconds: null, inferenceSeconds: 13.06, costUsd: null };

describe('the request of a status call', () => {
  it('is one GET with the key and no body', async () => {
    await using session = await jobSession(json(200, { status: 'QUEUED' }));
    await session.segmind.status('job-1', patiently());
    const [sent, ...more] = session.server.requests;
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ method: 'GET', path: '/v2/requests/job-1/status', body: '' });
    expect(sent?.headers).toMatchObject({ 'x-api-key': API_KEY });
    expect(sent?.headers).not.toHaveProperty('content-type');
  });

  it.each([
    ['a/b', '/v2/requests/a%2Fb/status'],
    ['../../v1/x', '/v2/requests/..%2F..%2Fv1%2Fx/status'],
    ['a?b#c', '/v2/requests/a%3Fb%23c/status'],
    ['%2e%2e', '/v2/requests/%252e%252e/status'],
    ['a b\r\nx: y', '/v2/requests/a%20b%0D%0Ax%3A%20y/status'],
    ['//evil.example/x', '/v2/requests/%2F%2Fevil.example%2Fx/status'],
    ['é', '/v2/requests/%C3%A9/status'],
  ])('encodes the id %j as one segment of the path', async (id, path) => {
    await using session = await openSession();
    await session.segmind.status(id, patiently());
    expect(session.server.requests.map((request) => request.path)).toEqual([path]);
  });
});

describe('the outcome of a status call', () => {
  it.each<[unknown, StatusOutcome]>([
    [{ status: 'QUEUED', request_id: 'job-1', metrics: {} }, { type: 'queued' }],
    [{ status: 'PROCESSING', request_id: 'job-1', metrics: {} }, { type: 'processing' }],
    [
      { status: 'COMPLETED', metrics: { inference_time: 13.06 } },
      { type: 'completed', metrics: METRICS },
    ],
    [
      { status: 'COMPLETED', metrics: {} },
      { type: 'completed', metrics: null },
    ],
    [{ status: 'COMPLETED' }, { type: 'completed', metrics: null }],
    [
      { status: 'FAILED', error: 'Blocked.' },
      { type: 'failed', message: 'Blocked.', metrics: null },
    ],
    [{ status: 'queued' }, { type: 'queued' }],
    [{ status: ' Processing ' }, { type: 'processing' }],
    [{ status: 'completed' }, { type: 'completed', metrics: null }],
  ])('reads HTTP 200 %j', async (body, outcome) => {
    expect(await statusFrom(json(200, body))).toEqual(outcome);
  });

  it('treats any 2xx like 200', async () => {
    expect(await statusFrom(json(202, { status: 'PROCESSING' }))).toEqual({ type: 'processing' });
  });

  it('reads FAILED from HTTP 422, with its metrics', async () => {
    const body = { status: 'FAILED', error: 'NSFW content', metrics: { cost: 0.1, queue_time: '2.5' } };
    expect(await statusFrom(json(422, body))).toEqual({
      type: 'failed',
      message: 'NSFW content',
      metrics: { queueSeconds: 2.5, inferenceSeconds: null, costUsd: 0.1 },
    });
  });

  it('has a message for FAILED without a reason', async () => {
    expect(await statusFrom(json(422, { status: 'failed' }))).toEqual({
      type: 'failed',
      message: 'The upstream reported FAILED without a reason.',
      metrics: null,
    });
  });

  it.each([404, 410])('HTTP %i with a message of the API means that the job is not found', async (status) => {
    const text = answer(status, ' Not found. ', { 'content-type': 'text/plain; charset=utf-8' });
    const notFound = (words: string) => ({ type: 'not-found', reason: `HTTP ${status}: ${words}` });
    expect(await statusFrom(json(status, { error: 'No job.' }))).toEqual(notFound('No job.'));
    expect(await statusFrom(json(status, { detail: 'No job.' }))).toEqual(notFound('No job.'));
    for (const word of ['EXPIRED', 'CANCELLED', 'success']) {
      const body = { status: word, error: 'Gone.' };
      expect(await statusFrom(json(status, body))).toEqual(notFound('Gone.'));
    }
    expect(await statusFrom(text)).toEqual(notFound('Not found.'));
    expect(await statusFrom(html(status))).toMatchObject({ type: 'inconclusive', apiAnswered: false });
    expect(await statusFrom(answer(status))).toMatchObject({ type: 'inconclusive', apiAnswered: true });
    expect(await statusFrom(json(status, {}))).toMatchObject({ type: 'inconclusive', apiAnswered: true });
  });

  it.each([200, 404, 422, 429, 500, 502, 503])('accepts COMPLETED and FAILED with HTTP %i', async (code) => {
    expect(await statusFrom(json(code, { status: 'COMPLETED', metrics: { cost: 0.5 } }))).toMatchObject({
      type: 'completed',
      metrics: { costUsd: 0.5 },
    });
    expect(await statusFrom(json(code, { status: 'FAILED', message: 'Blocked.' }))).toEqual({
      type: 'failed',
      message: 'Blocked.',
      metrics: null,
    });
  });

  it.each([
    ['CANCELLED', 'CANCELLED'],
    ['canceled', 'CANCELED'],
    ['Error', 'ERROR'],
    ['EXPIRED', 'EXPIRED'],
    ['TIMEOUT', 'TIMEOUT'],
    ['timed-out', 'TIMED_OUT'],
    ['timed out', 'TIMED_OUT'],
    ['ABORTED', 'ABORTED'],
    ['REJECTED', 'REJECTED'],
    ['DELETED', 'DELETED'],
  ])('treats the undocumented word %j as final', async (status, word) => {
    for (const code of [200, 422]) {
      const body = { status, error: 'By an operator.', metrics: { cost: 0 } };
      expect(await statusFrom(json(code, body))).toEqual({
        type: 'ended',
        word,
        message: 'By an operator.',
        metrics: { queueSeconds: null, inferenceSeconds: null, costUsd: 0 },
      });
    }
    expect(await statusFrom(json(200, { status }))).toMatchObject({
      type: 'ended',
      message: `The upstream reported ${word} without a reason.`,
    });
  });

  it('does not end the job by the word of an error envelope', async () => {
    for (const status of ['error', 'fail', 'timeout', 'success']) {
      expect(await statusFrom(json(500, { status, message: 'x' }))).toMatchObject({
        type: 'inconclusive',
        apiAnswered: true,
      });
    }
    expect(await statusFrom(json(500, { status: 'CANCELLED' }))).toMatchObject({ type: 'ended' });
  });

  it.each<[string, StatusOutcome]>([
    ['PENDING', { type: 'queued' }],
    ['in_queue', { type: 'queued' }],
    ['STARTING', { type: 'queued' }],
    ['in-progress', { type: 'processing' }],
    ['RUNNING', { type: 'processing' }],
    ['Succeeded', { type: 'completed', metrics: null }],
    ['success', { type: 'completed', metrics: null }],
    ['DONE', { type: 'completed', metrics: null }],
  ])('understands %j', async (status, outcome) => {
    expect(await statusFrom(json(200, { status }))).toEqual(outcome);
  });

  it.each<[string, unknown, unknown]>([
    ['numbers', { inference_time: 1, queue_time: 2, cost: 0 }, [2, 1, 0]],
    ['numbers as texts', { inference_time: '1.5', queue_time: ' 2 ', cost: '0.53' }, [2, 1.5, 0.53]],
    ['some missing', { cost: 0.53 }, [null, null, 0.53]],
    ['wrong types', { inference_time: false, queue_time: [5], cost: '' }, null],
    ['wrong types beside right ones', { inference_time: 13, queue_time: 'fast', cost: {} }, [null, 13, null]],
    ['negative figures', { inference_time: -1, cost: -0.5 }, null],
    ['no figures', { inference_time: null, queue_time: null, cost: null }, null],
    ['unknown names', { gpu: 'H100' }, null],
    ['a list', [1, 2], null],
    ['a text', 'fast', null],
    ['null', null, null],
  ])('reads the valid figures from metrics of %s', async (_name, metrics, figures) => {
    const [queueSeconds, inferenceSeconds, costUsd] = Array.isArray(figures) ? figures : [];
    expect(await statusFrom(json(200, { status: 'COMPLETED', metrics }))).toEqual({
      type: 'completed',
      metrics: figures === null ? null : { queueSeconds, inferenceSeconds, costUsd },
    });
  });
});

describe('a status call, over many bodies', () => {
  it('returns an outcome for each, and never throws', async () => {
    const words = fc.constantFrom('QUEUED', 'COMPLETED', 'FAILED', 'CANCELED', '', null, 7, ['QUEUED']);
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc
        .record({ status: words, error: fc.jsonValue(), metrics: fc.jsonValue(), output: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
    );
    const status = fc.constantFrom(200, 202, 301, 400, 401, 404, 422, 429, 500, 503);
    await using session = await openSession();
    await fc.assert(
      fc.asyncProperty(body, status, async (text, code) => {
        session.server.on('GET', /./, answer(code, text));
        const polled = await session.segmind.status('job-1', patiently());
        const result = await session.segmind.result('job-1', patiently());
        expect(polled.type).toMatch(/^(queued|processing|completed|failed|ended|not-found|inconclusive)$/);
        expect(result.type).toMatch(/^(ready|empty|failed|ended|not-found|inconclusive)$/);
        expect([polled.type, result.type].includes('not-found') && code !== 404).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
