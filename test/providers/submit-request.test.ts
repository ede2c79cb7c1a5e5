import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { html, json, redirect } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import {
  API_KEY,
  connectTo,
  openSession,
  patiently,
  REQUEST,
  SUBMIT_PATH,
  submitSession,
} from '../support/upstream/session.ts';

const MADE = json(200, { request_id: 'job-1', status: 'QUEUED' });

describe('the request of a submit', () => {
  it('is one POST to the model with the parameters of the page and nothing else', async () => {
    await using session = await submitSession(MADE);
    await session.segmind.submit(REQUEST, patiently());
    const [sent, ...more] = session.server.requests;
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ method: 'POST', path: '/v2/wan2.1-i2v-480p' });
    expect(JSON.parse(sent?.body ?? '')).toStrictEqual({
      image: 'https://example.com/cat.png',
      prompt: 'A cat "yawns" — slowly, 😺',
      negative_prompt: 'blurry',
      resolution: 576,
      video_length: 5,
      steps: 40,
      seed: 7,
      base64: true,
    });
  });

  it('has the key, the content type and the content length', async () => {
    await using session = await submitSession(MADE);
    await session.segmind.submit(REQUEST, patiently());
    const [sent] = session.server.requests;
    expect(sent?.headers).toMatchObject({
      'x-api-key': API_KEY,
      'content-type': 'application/json',
      accept: 'application/json',
      'content-length': String(Buffer.byteLength(sent?.body ?? '')),
    });
    expect(sent?.headers).not.toHaveProperty('authorization');
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i, and the outcome is unknown', async (status) => {
    await using elsewhere = await ScriptedUpstream.start();
    await using session = await submitSession(redirect(status, `${elsewhere.origin}${SUBMIT_PATH}`));
    const outcome = await session.segmind.submit(REQUEST, patiently());
    expect(outcome).toMatchObject({ type: 'unknown' });
    expect(session.server.requests).toHaveLength(1);
    expect(elsewhere.connectionsMade).toBe(0);
  });

  it('is never repeated after any answer', async () => {
    const faults = [429, 500, 502, 503, 504].map((status) => html(status));
    await using session = await submitSession(...faults);
    for (const _ of faults) await session.segmind.submit(REQUEST, patiently());
    expect(session.server.requests).toHaveLength(faults.length);
  });
});

describe('the connections of submits and polls', () => {
  it('each submit gets a new connection, so that none uses a dead one', async () => {
    await using session = await submitSession(MADE);
    for (let sent = 0; sent < 5; sent += 1) await session.segmind.submit(REQUEST, patiently());
    expect(session.server.requests.map((request) => request.connection)).toEqual([1, 2, 3, 4, 5]);
    await session.server.untilIdle();
  });

  it('lose no answer when the upstream closes idle connections at once', async () => {
    await using session = await openSession({ breaksKeepAlive: true });
    session.server.on('POST', SUBMIT_PATH, MADE);
    const outcomes = new Set<string>();
    for (let sent = 0; sent < 50; sent += 1) {
      outcomes.add((await session.segmind.submit(REQUEST, patiently())).type);
    }
    expect([...outcomes]).toEqual(['accepted']);
  });

  it('concurrent submits run in parallel', async () => {
    await using session = await submitSession(MADE);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => session.segmind.submit(REQUEST, patiently())),
    );
    expect(all).toEqual(Array.from({ length: 20 }, () => ({ type: 'accepted', upstreamId: 'job-1' })));
    expect(new Set(session.server.requests.map((request) => request.connection)).size).toBe(20);
  });

  it('consecutive polls and results share one connection', async () => {
    await using session = await openSession();
    session.server.on('GET', /^\/v2\/requests\//, json(200, { status: 'QUEUED' }));
    for (let asked = 0; asked < 5; asked += 1) {
      await session.segmind.status('job-1', patiently());
      // A connection is free one turn of the event loop after its answer.
      await setImmediate();
      await session.segmind.result('job-1', patiently());
      await setImmediate();
    }
    expect(session.server.requests).toHaveLength(10);
    expect(session.server.connectionsMade).toBe(1);
  });

  it('are closed after the adapter is disposed', async () => {
    await using server = await ScriptedUpstream.start();
    const segmind = connectTo(server.origin);
    server.on('GET', /^\/v2\/requests\//, json(200, { status: 'QUEUED' })).on('POST', SUBMIT_PATH, MADE);
    await segmind.status('job-1', patiently());
    await segmind.submit(REQUEST, patiently());
    await segmind[Symbol.asyncDispose]();
    await server.untilIdle();
    expect(await segmind.submit(REQUEST, patiently())).toMatchObject({ type: 'not-created' });
    expect(server.requests).toHaveLength(2);
  });
});
