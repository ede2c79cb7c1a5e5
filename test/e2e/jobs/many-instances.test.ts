import { expect, test } from 'vitest';
import {
  generate,
  readJob,
  spawnGateway,
  type SpawnedGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { type CountingUpstream, startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

const JOBS = 20;

/** Two API instances and two pollers on one Redis. */
async function startInstances(settings: Readonly<Record<string, string>>) {
  await using starting = new AsyncDisposableStack();
  const roles = ['api', 'api', 'poller', 'poller'];
  const started = await Promise.all(roles.map((ROLE) => spawnGateway({ ...settings, ROLE })));
  for (const instance of started) starting.use(instance);
  const [first, second, poller, otherPoller] = started;
  if (first === undefined || second === undefined || poller === undefined || otherPoller === undefined) {
    throw new Error('An instance is missing.');
  }
  const owned = starting.move();
  return { first, second, poller, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function settingsFor(redis: Readonly<Record<string, string>>, upstream: CountingUpstream) {
  return {
    ...redis,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_RPM: '0',
    SEGMIND_TIMEOUT_MS: '2000',
    JOB_DEADLINE_SECONDS: '120',
  };
}

async function acceptJobs(first: SpawnedGateway, second: SpawnedGateway): Promise<string[]> {
  const jobs = await Promise.all(
    Array.from({ length: JOBS }, (_, index) =>
      generate((index % 2 === 0 ? first : second).url, { prompt: `job ${index}` }),
    ),
  );
  return jobs.map(({ id }) => id);
}

test('jobs accepted by one instance are watched on the other; equal calls on both make one job', async () => {
  await using redis = await RedisServer.start({ appendOnly: true });
  await using upstream = await startCountingUpstream();
  await using instances = await startInstances(settingsFor({ REDIS_URL: redis.url }, upstream));
  const { first, second } = instances;
  const equal = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      generate((index % 2 === 0 ? first : second).url, { prompt: 'equal', idempotencyKey: 'one request' }),
    ),
  );
  const [id = '', ...others] = new Set(equal.map((job) => job.id));
  expect(others).toEqual([]);
  const histories = await Promise.all([first, second].map(({ url }) => watchToEnd(url, id)));
  for (const history of histories) expect(history.at(-1)).toMatchObject({ status: 'COMPLETED' });
  expect(upstream.submits.get('equal')).toBe(1);
}, 40_000);

test('when a poller, all connections and Redis are killed with 20 jobs in progress, every watcher gets the final state and no job is lost or sent twice', async () => {
  await using redis = await RedisServer.start({ appendOnly: true });
  await using upstream = await startCountingUpstream(20);
  await using instances = await startInstances(settingsFor({ REDIS_URL: redis.url }, upstream));
  const { first, second, poller } = instances;
  const ids = await acceptJobs(first, second);
  const open = new Set<string>();
  const watchers = ids.map((id, index) =>
    watchToEnd((index % 2 === 0 ? second : first).url, id, () => open.add(id)),
  );
  await expect.poll(() => open.size).toBe(JOBS);
  poller.kill('SIGKILL');
  await redis.clientKill();
  await redis.kill();
  await redis.restart();
  const ends = (await Promise.all(watchers)).map((history) => history.at(-1));
  // The streams between clients and gateways never broke.
  expect(ends.map((job) => job?.id)).toEqual(ids);
  const outcomes = new Set(ends.map((job) => job?.failure?.code ?? job?.status));
  // A job is SUBMISSION_UNKNOWN only if its poller was killed between the POST and the response.
  expect([...outcomes].filter((outcome) => outcome !== 'SUBMISSION_UNKNOWN')).toEqual(['COMPLETED']);
  expect([...upstream.submits.values()].filter((count) => count > 1)).toEqual([]);
  expect(await Promise.all(ids.map((id) => readJob(first.url, id)))).toEqual(ends);
}, 100_000);

test('the same instances work on a Redis Cluster of three nodes', async () => {
  await using cluster = await startRedisCluster();
  await using upstream = await startCountingUpstream();
  const redis = { REDIS_URL: cluster.urls.join(','), REDIS_CLUSTER: 'true' };
  await using instances = await startInstances(settingsFor(redis, upstream));
  const { first, second, poller } = instances;
  const ids = await acceptJobs(first, second);
  const watchers = ids.map((id, index) => watchToEnd((index % 2 === 0 ? second : first).url, id));
  await expect.poll(() => upstream.submits.size).toBe(JOBS);
  poller.kill('SIGKILL');
  const ends = (await Promise.all(watchers)).map((history) => history.at(-1));
  const outcomes = new Set(ends.map((job) => job?.failure?.code ?? job?.status));
  expect([...outcomes].filter((outcome) => outcome !== 'SUBMISSION_UNKNOWN')).toEqual(['COMPLETED']);
  expect([...upstream.submits.values()].filter((count) => count > 1)).toEqual([]);
}, 100_000);

test('without Redis mutations fail with STORE_UNAVAILABLE and readiness with 503, until Redis is back', async () => {
  await using redis = await RedisServer.start({ appendOnly: true });
  await using upstream = await startCountingUpstream();
  await using gateway = await spawnGateway(settingsFor({ REDIS_URL: redis.url }, upstream));
  const readiness = async () => (await fetch(`${gateway.url}/readyz`)).status;
  expect(await readiness()).toBe(200);
  await redis.kill();
  await expect.poll(readiness).toBe(503);
  await expect(generate(gateway.url, { prompt: 'refused' })).rejects.toThrow('STORE_UNAVAILABLE');
  await redis.restart();
  await expect.poll(readiness).toBe(200);
  const job = await generate(gateway.url, { prompt: 'accepted' });
  expect((await watchToEnd(gateway.url, job.id)).at(-1)).toMatchObject({ status: 'COMPLETED' });
  expect([...upstream.submits]).toEqual([['accepted', 1]]);
}, 60_000);
