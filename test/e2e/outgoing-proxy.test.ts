import { expect, test } from 'vitest';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { generate, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { startCountingUpstream } from './counting-upstream.ts';

test('a job is sent through the proxy of the environment, and the log does not tell its password', async () => {
  using folder = tempFolder();
  await using upstream = await startCountingUpstream();
  await using proxy = await ConnectProxy.start(Number(new URL(upstream.url).port), 'tunnels');
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_0123456789abcdef',
    SEGMIND_BASE_URL: 'http://upstream.test',
    http_proxy: proxy.url.replace('://', '://ada:swordfish@'),
    LOG_LEVEL: 'trace',
  });
  await generate(gateway.url, { prompt: 'a cat' });
  await expect.poll(() => upstream.payloads.length, { timeout: 10_000 }).toBe(1);
  expect(new Set(proxy.connects.map(({ target }) => target))).toEqual(new Set(['upstream.test:80']));
  expect(gateway.output()).toContain(`the proxy ${new URL(proxy.url).host} for http`);
  expect(gateway.output()).not.toContain('swordfish');
});
