import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createAgent } from '../../src/providers/segmind/http/agent.ts';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { terminateTls } from '../support/network/tls-terminator.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

const HOST = 'upstream.test';

it.each([
  ['direct', 'http'],
  ['direct', 'https'],
  ['tunnelled', 'http'],
  ['tunnelled', 'https'],
] as const)('%s connections by %s leave nothing at the signal once they are closed', async (way, scheme) => {
  await using upstream = await ScriptedUpstream.start();
  upstream.on('GET', '/', json(200, {}));
  const plainPort = Number(new URL(upstream.origin).port);
  await using tls = await terminateTls(HOST, plainPort);
  const port = scheme === 'http' ? plainPort : tls.port;
  await using proxy = await ConnectProxy.start(port, 'tunnels');
  const closing = new AbortController();
  const agent = createAgent({
    proxy: way === 'tunnelled' ? { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: '' } : null,
    signal: closing.signal,
    pipelining: 0,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  for (let times = 1; times <= 5; times += 1) {
    const origin = `${scheme}://${HOST}:${port}`;
    const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET' });
    await body.dump();
    expect(statusCode).toBe(200);
  }
  await agent.destroy();
  await expect.poll(() => getEventListeners(closing.signal, 'abort').length, { timeout: 5000 }).toBe(0);
});

it('a connection attempt ends when the signal aborts', async () => {
  const closing = new AbortController();
  const agent = createAgent({ proxy: null, signal: closing.signal, lookup: () => closing.abort() });
  const answer = agent.request({ origin: `http://${HOST}`, path: '/', method: 'GET' });
  await expect(answer).rejects.toThrow('aborted');
  await agent.destroy();
});
