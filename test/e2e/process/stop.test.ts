import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { generate, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

test.each(['SIGTERM', 'SIGINT'] as const)('%s: sockets get 1012, the exit code is 0', async (signal) => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path });
  const closed = Promise.withResolvers<unknown>();
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
    on: { connected: () => gateway.kill(signal), closed: (event) => closed.resolve(event) },
  });
  expect(await closed.promise).toMatchObject({ code: 1012 });
  expect(await gateway.exited).toBe(0);
  await client.dispose();
});

test('a stop waits for a submission in progress and stores its response', async () => {
  await using upstream = await startCountingUpstream(800);
  using folder = tempFolder();
  const settings = { DATA_DIR: folder.path, SEGMIND_API_KEY: 'SG_test', SEGMIND_BASE_URL: upstream.url };
  {
    await using gateway = await spawnGateway(settings);
    await generate(gateway.url, { prompt: 'in flight' });
    await expect.poll(() => upstream.submits.get('in flight')).toBe(1);
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);
    expect(gateway.output()).toContain('job queued');
  }
  await using again = await spawnGateway(settings);
  await expect.poll(() => again.output()).toContain('job completed');
  expect(upstream.submits.get('in flight')).toBe(1);
});

test('a second signal ends the process at once', async () => {
  await using upstream = await startCountingUpstream(4000);
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
  });
  await generate(gateway.url, { prompt: 'slow' });
  await expect.poll(() => upstream.submits.size).toBe(1);
  gateway.kill('SIGTERM');
  await expect.poll(() => gateway.output()).toContain('stopping');
  gateway.kill('SIGINT');
  expect(await gateway.exited).toBe(1);
});
