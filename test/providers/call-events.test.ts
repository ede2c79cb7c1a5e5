import { expect, it } from 'vitest';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { SegmindUpstream } from '../../src/providers/segmind/segmind-upstream.ts';
import { collect } from '../support/events.ts';
import { acceptedJob } from '../support/jobs.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

const API_KEY = 'SG_0123456789abcdef';

/** An upstream whose status calls get these answers, and the events of the calls. */
async function start(...replies: Parameters<ScriptedUpstream['on']>[2][]) {
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await ScriptedUpstream.start());
  server.on('GET', /\/status$/, ...replies);
  const events = new GatewayEvents();
  const calls = collect(events, 'upstream:call');
  let time = 1000;
  const now = () => (time += 5);
  const { origin } = server;
  const upstream = resources.use(
    new SegmindUpstream({ origin, apiKey: API_KEY, now, events, historyUrl: null }),
  );
  const owned = resources.move();
  return { server, upstream, calls, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

it('each call to the upstream is emitted with its outcome, its status and its job', async () => {
  await using started = await start(
    json(200, { status: 'PROCESSING' }),
    json(429, { error: 'slow down' }),
    json(500, { error: `the key ${API_KEY} is unknown` }),
  );
  const { server, upstream, calls } = started;
  const job = acceptedJob();
  const options = { timeoutMs: 30_000, signal: new AbortController().signal };
  await upstream.status('up-1', { ...options, job });
  await upstream.status('up-1', options);
  await upstream.status('up-1', options);
  await server[Symbol.asyncDispose]();
  await upstream.submit(job.request, { ...options, job });
  expect(calls).toMatchObject([
    { call: 'status', job, upstreamId: 'up-1', outcome: 'answered', status: 200, reason: null },
    { call: 'status', job: null, outcome: 'rate-limited', status: 429, reason: 'HTTP 429: slow down' },
    { outcome: 'error', status: 500, reason: 'HTTP 500: the key [redacted] is unknown' },
    { call: 'submit', job, upstreamId: null, outcome: 'unreachable', status: null },
  ]);
  expect(calls.map(({ startedAt }) => startedAt)).toEqual(
    calls.map(({ startedAt }) => startedAt).toSorted((a, b) => a - b),
  );
  expect(calls.every(({ durationMs }) => durationMs > 0)).toBe(true);
});
