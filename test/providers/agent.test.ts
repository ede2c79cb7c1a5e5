import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../../src/providers/segmind/http/agent.ts';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { terminateTls } from '../support/network/tls-terminator.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

const HOST = 'upstream.test';

describe.each([
  ['direct', 'http'],
  ['direct', 'https'],
  ['tunnelled', 'http'],
  ['tunnelled', 'https'],
] as const)('%s connections by %s', (way, scheme) => {
  /** Makes some requests, one after the other. @param pipelining 0: each on a connection of its own */
  async function open(pipelining: 0 | 1) {
    await using resources = new AsyncDisposableStack();
    const upstream = resources.use(await ScriptedUpstream.start());
    upstream.on('GET', '/', json(200, {}));
    const plainPort = Number(new URL(upstream.origin).port);
    const tls = resources.use(await terminateTls(HOST, plainPort));
    const port = scheme === 'http' ? plainPort : tls.port;
    const proxy = resources.use(await ConnectProxy.start(port, 'tunnels'));
    const closing = new AbortController();
    const agent = createAgent({
      proxy: way === 'tunnelled' ? { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: '' } : null,
      signal: closing.signal,
      pipelining,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    resources.defer(() => agent.destroy());
    for (let times = 1; times <= 5; times += 1) {
      const origin = `${scheme}://${HOST}:${port}`;
      const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET' });
      await body.dump();
      expect(statusCode).toBe(200);
    }
    const listeners = () => getEventListeners(closing.signal, 'abort').length;
    const moved = resources.move();
    return { agent, closing, listeners, [Symbol.asyncDispose]: () => moved.disposeAsync() };
  }

  it('leave nothing at the signal once they are closed', async () => {
    await using opened = await open(0);
    await opened.agent.destroy();
    await expect.poll(opened.listeners, { timeout: 5000 }).toBe(0);
  });

  it('are closed when the signal aborts', async () => {
    await using opened = await open(1);
    expect(opened.listeners()).toBeGreaterThan(0);
    opened.closing.abort();
    // Only a closed connection removes its listener. Unused ones are closed after four seconds.
    await expect.poll(opened.listeners, { timeout: 2000 }).toBe(0);
  });
});

it('a connection attempt ends when the signal aborts', async () => {
  const closing = new AbortController();
  const agent = createAgent({ proxy: null, signal: closing.signal, lookup: () => closing.abort() });
  const answer = agent.request({ origin: `http://${HOST}`, path: '/', method: 'GET' });
  await expect(answer).rejects.toThrow('aborted');
  await agent.destroy();
});
