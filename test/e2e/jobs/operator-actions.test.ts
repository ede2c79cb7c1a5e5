import { expect, test } from 'vitest';
import { dataOf } from '../../support/gateway/http.ts';
import { generate, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { json } from '../../support/upstream/replies.ts';
import { ScriptedUpstream } from '../../support/upstream/scripted-upstream.ts';

interface Status {
  readonly gatewayStatus: {
    readonly instances: readonly { readonly role: string }[];
    readonly oldestJobs: readonly { readonly wait: string; readonly isRetryable: boolean }[];
  };
}

const STATUS = '{ gatewayStatus { instances { role } oldestJobs { wait isRetryable } } }';
const RETRY = 'mutation ($id: ID!) { retryVideoJobNow(id: $id) { __typename } }';
/** The poller would send the job again after five minutes. */
const DOWN = json(503, { error: 'busy' }, { 'retry-after': '300' });

async function readStatus(url: string): Promise<Status['gatewayStatus']> {
  return (await dataOf<Status>(url, STATUS)).gatewayStatus;
}

test('an API instance shows all instances, and its operator ends the pause of a job: a poller sends it once more', async () => {
  await using redis = await RedisServer.start();
  await using upstream = await ScriptedUpstream.start();
  using folder = tempFolder();
  upstream.on('POST', /./, DOWN, json(200, { request_id: 'up-1', status: 'QUEUED' }));
  upstream.on('GET', /./, json(200, { status: 'QUEUED' }));
  const posts = () => upstream.requests.filter(({ method }) => method === 'POST').length;
  const settings = {
    REDIS_URL: redis.url,
    DATA_DIR: folder.path,
    SEGMIND_BASE_URL: upstream.origin,
    SEGMIND_API_KEY: 'SG_test',
    ARCHIVE: 'off',
  };
  await using api = await spawnGateway({ ...settings, ROLE: 'api' });
  const poller = await spawnGateway({ ...settings, ROLE: 'poller' });
  try {
    await expect
      .poll(async () => (await readStatus(api.url)).instances, { timeout: 30_000 })
      .toEqual([{ role: 'API' }, { role: 'POLLER' }]);
    const { id } = await generate(api.url, { prompt: 'a cat jumps' });
    await expect
      .poll(async () => (await readStatus(api.url)).oldestJobs, { timeout: 30_000 })
      .toEqual([{ wait: 'FAILURES', isRetryable: true }]);
    expect(posts()).toBe(1);
    expect(await dataOf(api.url, RETRY, { id })).toEqual({
      retryVideoJobNow: { __typename: 'RetryVideoJobNowSuccess' },
    });
    await expect.poll(posts, { timeout: 30_000 }).toBe(2);
    await expect
      .poll(async () => (await readStatus(api.url)).oldestJobs, { timeout: 30_000 })
      .toEqual([{ wait: 'UPSTREAM', isRetryable: false }]);
    expect(await dataOf(api.url, RETRY, { id })).toEqual({
      retryVideoJobNow: { __typename: 'RetryVideoJobNowUnchanged' },
    });
    expect(posts()).toBe(2);
  } finally {
    poller.kill('SIGTERM');
    await poller.exited;
  }
  expect((await readStatus(api.url)).instances).toEqual([{ role: 'API' }]);
});
