import { describe, expect, it } from 'vitest';
import { SegmindImageHost } from '../../src/providers/segmind/segmind-image-host.ts';
import { SegmindUpstream } from '../../src/providers/segmind/segmind-upstream.ts';
import { NO_EVENTS } from '../support/events.ts';
import { ConnectProxy, type ProxyBehaviour } from '../support/network/connect-proxy.ts';
import { listenTcp } from '../support/network/tcp-listener.ts';
import { terminateTls } from '../support/network/tls-terminator.ts';
import { json, silence } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import { API_KEY, HISTORY_PATH, NOW, patiently, REQUEST, SUBMIT_PATH } from '../support/upstream/session.ts';

/** A name that only the proxy resolves. */
const HOST = 'upstream.test';
const ACCEPTED = { type: 'accepted', upstreamId: 'abc' };

type Scheme = 'http' | 'https';

async function startUpstream(scheme: Scheme) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await ScriptedUpstream.start());
  server
    .on('POST', SUBMIT_PATH, json(200, { request_id: 'abc' }))
    .on('POST', '/upload-asset', json(200, { file_urls: ['https://files.example.com/a.png'] }))
    .on('GET', `${HISTORY_PATH}/abc`, json(404, { error: 'not found' }))
    .on('GET', '/v2/requests/abc/status', json(200, { status: 'QUEUED' }));
  const plainPort = Number(new URL(server.origin).port);
  const port = scheme === 'http' ? plainPort : stack.use(await terminateTls(HOST, plainPort)).port;
  const rest = stack.move();
  return { server, port, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

function connectBy(proxyUrl: string, scheme: Scheme, { noProxy = '', host = HOST } = {}) {
  const proxy = { httpProxy: proxyUrl, httpsProxy: proxyUrl, noProxy };
  const origin = `${scheme}://${host}`;
  const options = { origin, apiKey: API_KEY, now: () => NOW, events: NO_EVENTS, proxy };
  return {
    segmind: new SegmindUpstream({ ...options, historyUrl: `${origin}${HISTORY_PATH}` }),
    images: new SegmindImageHost(options),
  };
}

/** Submits a job through a proxy. */
async function submitBy(behaviour: ProxyBehaviour, scheme: Scheme, timeoutMs = 10_000) {
  await using upstream = await startUpstream(scheme);
  await using proxy = await ConnectProxy.start(upstream.port, behaviour);
  await using segmind = connectBy(proxy.url, scheme).segmind;
  const outcome = await segmind.submit(REQUEST, patiently({ timeoutMs }));
  return {
    outcome,
    posts: upstream.server.requests.length,
    connects: proxy.connects.length,
    plain: proxy.plain,
  };
}

describe.each(['http', 'https'] as const)('through a proxy, over %s,', (scheme) => {
  it('submits, polls, uploads and history calls use tunnels', async () => {
    await using upstream = await startUpstream(scheme);
    await using proxy = await ConnectProxy.start(upstream.port, 'tunnels');
    const adapters = connectBy(proxy.url.replace('://', '://ada:s%40crt@'), scheme);
    await using segmind = adapters.segmind;
    await using images = adapters.images;
    expect(await segmind.submit(REQUEST, patiently())).toEqual(ACCEPTED);
    expect(await segmind.submit(REQUEST, patiently())).toEqual(ACCEPTED);
    expect(await segmind.status('abc', patiently())).toMatchObject({ type: 'queued' });
    expect(await segmind.lookUp('abc', patiently())).toEqual({ type: 'not-found' });
    const image = { type: 'image/png', chunks: [new Uint8Array(200_000)] } as const;
    expect(await images.upload(image, patiently())).toMatchObject({ type: 'uploaded' });
    const target = `${HOST}:${scheme === 'http' ? 80 : 443}`;
    const authorization = `Basic ${Buffer.from('ada:s@crt').toString('base64')}`;
    // Each POST has a new connection.
    expect(proxy.connects).toEqual(Array.from({ length: 5 }, () => ({ target, authorization })));
    const [first] = upstream.server.requests;
    expect(first?.headers).toMatchObject({ host: HOST, 'x-api-key': API_KEY });
    expect(first?.headers).not.toHaveProperty('proxy-authorization');
    expect(proxy.plain).toEqual([]);
  });

  it.each([400, 403, 407, 502, 503])('a CONNECT that is answered %d creates no job', async (status) => {
    const { outcome, posts, connects, plain } = await submitBy(status, scheme);
    expect(outcome).toMatchObject({ type: 'not-created', reason: expect.stringContaining(String(status)) });
    expect([posts, connects, plain]).toEqual([0, 1, []]);
  });

  it('a CONNECT that is never answered creates no job, and ends at the deadline', async () => {
    const { outcome, posts } = await submitBy('never answers', scheme, 200);
    expect([outcome.type, posts]).toEqual(['not-created', 0]);
  });

  it('a proxy that breaks after the request loses the answer to one POST', async () => {
    await using upstream = await startUpstream(scheme);
    upstream.server.on('POST', SUBMIT_PATH, silence);
    await using proxy = await ConnectProxy.start(upstream.port, 'tunnels');
    await using segmind = connectBy(proxy.url, scheme).segmind;
    const submitted = segmind.submit(REQUEST, patiently());
    await upstream.server.untilRequests(1);
    proxy.breakTunnels();
    expect(await submitted).toMatchObject({ type: 'unknown' });
    expect([upstream.server.requests.length, proxy.connects.length]).toEqual([1, 1]);
  });

  it('a proxy that refuses the connection creates no job', async () => {
    await using gone = await listenTcp();
    const { origin } = gone;
    await gone[Symbol.asyncDispose]();
    await using segmind = connectBy(origin, scheme).segmind;
    expect(await segmind.submit(REQUEST, patiently())).toMatchObject({
      type: 'not-created',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

it('a tunnel that breaks before the handshake with the upstream creates no job', async () => {
  const { outcome, posts, connects } = await submitBy('breaks after CONNECT', 'https');
  expect([outcome.type, posts, connects]).toEqual(['not-created', 0, 1]);
});

it('a tunnel that breaks while the request is written is not opened again', async () => {
  const { outcome, posts, connects } = await submitBy('breaks after CONNECT', 'http');
  expect([outcome.type, posts, connects]).toEqual(['unknown', 0, 1]);
});

it.each(['127.0.0.1', '127.0.0.1:80,x', '*'])('NO_PROXY %s calls the upstream directly', async (noProxy) => {
  await using upstream = await startUpstream('http');
  await using proxy = await ConnectProxy.start(upstream.port, 502);
  const host = `127.0.0.1:${upstream.port}`;
  await using segmind = connectBy(proxy.url, 'http', {
    noProxy: noProxy.replace('80', String(upstream.port)),
    host,
  }).segmind;
  expect(await segmind.submit(REQUEST, patiently())).toEqual(ACCEPTED);
  expect(proxy.connects).toEqual([]);
});
