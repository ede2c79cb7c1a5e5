import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { generate, type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** The deadline of a fault to show; it only ends a test that hangs. */
const DEADLINE_MS = 60_000;

describe('a fault shows in the metric that docs/operations.md names', () => {
  const resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  let redis: RedisServer;
  let gateway: SpawnedGateway;

  beforeAll(async () => {
    redis = resources.use(await RedisServer.start({ appendOnly: true }));
    gateway = resources.use(
      await spawnGateway({
        DATA_DIR: folder.path,
        REDIS_URL: redis.url,
        ARCHIVE: 'folder',
        METRICS_PORT: '0',
        SANDBOX_SPEED: '100',
        SEGMIND_RPM: '6000',
        SEGMIND_TIMEOUT_MS: '2000',
      }),
    );
  });
  afterAll(() => resources.disposeAsync());

  async function submit(fault: string): Promise<string> {
    const job = await generate(gateway.url, {
      prompt: `a cat jumps [sandbox:${fault}]`,
      image: `${gateway.url}/sandbox/images/sample.png`,
    });
    return job.id;
  }

  function shows(isExpected: (value: number) => boolean, name: string, labels?: string): Promise<true> {
    return showsAt(gateway, isExpected, name, labels);
  }

  it('the upstream refuses the key', async () => {
    await submit('unauthorized');
    expect(
      await shows((count) => count === 1, 'reelgate_jobs_ended_total', 'error_type="UPSTREAM_UNAUTHORIZED"'),
    ).toBe(true);
  });

  it('the folder of the archive was deleted', async () => {
    rmSync(join(folder.path, 'archive'), { recursive: true });
    await submit('none');
    expect(
      await shows((count) => count >= 1, 'reelgate_archive_duration_seconds_count', 'outcome="retry"'),
    ).toBe(true);
  });

  it('a stored record cannot be read', async () => {
    const id = await submit('endless');
    const phase = () => redis.run('HGET', keys.job(id), 'phase');
    // Until then a save of the poller would write the field again.
    await vi.waitFor(async () => expect(await phase()).toBe('"processing"'), { timeout: DEADLINE_MS });
    await redis.run('HSET', keys.job(id), 'request', '{"prompt":');
    expect(await shows((count) => count === 1, 'reelgate_quarantined_records')).toBe(true);
    expect(await shows((count) => count === 1, 'reelgate_unreadable_records_total')).toBe(true);
  });

  it('the store lost a job', async () => {
    const id = await submit('no-answer');
    const phase = () => redis.run('HGET', keys.job(id), 'phase');
    await vi.waitFor(async () => expect(await phase()).toBe('"submitting"'), { timeout: DEADLINE_MS });
    await redis.run('DEL', keys.job(id));
    // The submission ends with its timeout, and its outcome cannot be stored.
    expect(await shows((count) => count === 1, 'reelgate_jobs_lost_total', 'reason="missing"')).toBe(true);
  });

  it('the request history is not available', async () => {
    await submit('history-broken');
    expect(await shows((count) => count === 1, 'reelgate_job_charges_total', 'charge="unknown"')).toBe(true);
    const calls = 'reelgate_upstream_call_duration_seconds_count';
    expect(await shows((count) => count >= 1, calls, 'call="lookup",outcome="error"')).toBe(true);
  });

  it('Redis is full', async () => {
    await redis.run('CONFIG', 'SET', 'maxmemory', '1');
    await expect(submit('none')).rejects.toThrow('STORE_UNAVAILABLE');
    await redis.run('CONFIG', 'SET', 'maxmemory', '0');
    const calls = 'db_client_operation_duration_seconds_count';
    const labels = 'db_operation_name="create",error_type="unavailable"';
    expect(await shows((count) => count === 1, calls, labels)).toBe(true);
  });

  it('the subscriber connection is lost', async () => {
    const before = (await read(gateway, 'reelgate_store_connection_losses_total', 'subscriber')) ?? 0;
    await redis.run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(
      await shows((count) => count > before, 'reelgate_store_connection_losses_total', 'subscriber'),
    ).toBe(true);
    expect(await shows((connected) => connected === 1, 'reelgate_store_connected', 'subscriber')).toBe(true);
  });

  it('the upstream answers 429', async () => {
    expect((await read(gateway, 'reelgate_budget_rate_ratio')) ?? 1).toBe(1);
    await submit('rate-limit-retry-after');
    expect(
      await shows(
        (count) => count >= 1,
        'reelgate_upstream_answers_total',
        'http_response_status_code="429"',
      ),
    ).toBe(true);
    expect(await shows((share) => share < 1, 'reelgate_budget_rate_ratio')).toBe(true);
    expect(
      await shows(
        (count) => count >= 1,
        'reelgate_upstream_call_duration_seconds_count',
        'outcome="rate-limited"',
      ),
    ).toBe(true);
  });

  it('Redis is away, and comes back', async () => {
    await redis.kill();
    expect(await shows((up) => up === 0, 'reelgate_store_up')).toBe(true);
    expect(await shows((connected) => connected === 0, 'reelgate_store_connected')).toBe(true);
    expect(
      await shows(
        (count) => count > 0,
        'db_client_operation_duration_seconds_count',
        'error_type="unavailable"',
      ),
    ).toBe(true);
    expect(await read(gateway, 'reelgate_jobs')).toBeNull();
    await redis.restart();
    expect(await shows((up) => up === 1, 'reelgate_store_up')).toBe(true);
    expect(await shows((connected) => connected === 2, 'reelgate_store_connected')).toBe(true);
    expect(await read(gateway, 'reelgate_jobs')).not.toBeNull();
  });
});

it('an upstream that is down shows in the metrics', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    METRICS_PORT: '0',
    SEGMIND_BASE_URL: 'http://127.0.0.1:9',
    SEGMIND_RPM: '6000',
  });
  const submitted = Array.from({ length: 12 }, () => generate(gateway.url, { prompt: 'a cat jumps' }));
  await Promise.all(submitted);
  expect(await showsAt(gateway, (state) => state === 1, 'reelgate_circuit_open')).toBe(true);
  const calls = 'reelgate_upstream_call_duration_seconds_count';
  expect(await showsAt(gateway, (count) => count >= 10, calls, 'call="submit",outcome="unreachable"')).toBe(
    true,
  );
  expect(await showsAt(gateway, (jobs) => jobs > 0, 'reelgate_budget_waiting_jobs', 'circuit')).toBe(true);
});

/** The sum of all series of a metric that have these labels; null: there is none. */
async function read(gateway: SpawnedGateway, name: string, labels = ''): Promise<number | null> {
  const url = /metrics are served at (http:\/\/[\w.:]+\/metrics)/.exec(gateway.output())?.[1] ?? '';
  const lines = (await (await fetch(url)).text()).split('\n');
  const values = lines
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** Waits until a metric has an expected value. */
async function showsAt(
  gateway: SpawnedGateway,
  isExpected: (value: number) => boolean,
  name: string,
  labels?: string,
): Promise<true> {
  await vi.waitFor(
    async () => {
      const value = await read(gateway, name, labels);
      expect({ name, labels, value }).toSatisfy(() => value !== null && isExpected(value));
    },
    { timeout: DEADLINE_MS, interval: 100 },
  );
  return true;
}
