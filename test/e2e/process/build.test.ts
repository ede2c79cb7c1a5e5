import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { generate, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('the build contains all that the gateway needs, on either store', async () => {
  const build = spawnSync('npm', ['run', 'build'], { encoding: 'utf8' });
  expect(build).toMatchObject({ status: 0 });
  using folder = tempFolder();
  await using redis = await RedisServer.start();
  const settings = { DATA_DIR: folder.path, SANDBOX_SPEED: '10' };
  for (const store of [{}, { REDIS_URL: redis.url }]) {
    await using gateway = await spawnGateway({ ...settings, ...store }, 'dist/main.js');
    const job = await generate(gateway.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 });
    const history = await watchToEnd(gateway.url, job.id);
    expect(history.at(-1)).toMatchObject({ status: 'COMPLETED' });
  }
});
