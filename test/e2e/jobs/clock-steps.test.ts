import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  generate,
  spawnGateway,
  type SpawnedGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../support/times.ts';
import { PaidUpstream } from '../../support/upstream/paid-upstream.ts';

const PRELOAD = fileURLToPath(new URL('../../support/process/settable-date.ts', import.meta.url));
/** The POSTs of the jobs are still in progress when the clock is set. */
const ANSWER_MS = 1000;

/** A gateway whose wall clock can be set. */
async function startGateway(folder: string, offMs: number, settings: Readonly<Record<string, string>>) {
  const file = join(folder, `clock-${crypto.randomUUID()}`);
  writeFileSync(file, String(offMs));
  const gateway = await spawnGateway({
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_RPM: '600',
    SEGMIND_HISTORY_URL: 'off',
    NODE_OPTIONS: `--import=${PRELOAD}`,
    TEST_CLOCK_FILE: file,
    ...settings,
  });
  const set = (ms: number) => {
    writeFileSync(file, String(ms));
    gateway.kill('SIGUSR2');
  };
  return { gateway, set };
}

async function endsOf({ url }: SpawnedGateway, ids: readonly string[]): Promise<(string | undefined)[]> {
  const histories = await Promise.all(ids.map((id) => watchToEnd(url, id)));
  return histories.map((seen) => seen.at(-1)?.failure?.code ?? seen.at(-1)?.status);
}

const STEPS = [-4 * MINUTE, -HOUR, 45 * SECOND, DAY];

test('no job stalls, fails or becomes unknown when the clock is set during its POST (embedded)', async () => {
  using folder = tempFolder();
  await using upstream = await PaidUpstream.start({ answerMs: ANSWER_MS });
  const settings = { SEGMIND_BASE_URL: upstream.url, DATA_DIR: join(folder.path, 'data') };
  const { gateway, set } = await startGateway(folder.path, 0, settings);
  await using running = gateway;
  let offMs = 0;
  for (const step of STEPS) {
    const before = upstream.posts.length;
    const jobs = await Promise.all(
      [1, 2, 3, 4].map((n) => generate(running.url, { prompt: `${step} ${n}` })),
    );
    await expect.poll(() => upstream.posts.length, { interval: 10 }).toBe(before + 4);
    set((offMs += step));
    const later = await generate(gateway.url, { prompt: `${step} later` });
    const ids = [...jobs, later].map(({ id }) => id);
    expect(await endsOf(gateway, ids)).toEqual(ids.map(() => 'COMPLETED'));
  }
  expect(upstream.posts).toHaveLength(5 * STEPS.length);
}, 60_000);

test('no job stalls or fails on two instances whose clocks differ by two minutes when one of them is set (Redis)', async () => {
  using folder = tempFolder();
  await using redis = await RedisServer.start({ appendOnly: true });
  await using upstream = await PaidUpstream.start({ answerMs: ANSWER_MS });
  const settings = { SEGMIND_BASE_URL: upstream.url, REDIS_URL: redis.url };
  const first = await startGateway(folder.path, 0, settings);
  await using firstGateway = first.gateway;
  const second = await startGateway(folder.path, 2 * MINUTE, settings);
  await using secondGateway = second.gateway;
  const urls = [firstGateway.url, secondGateway.url];
  for (const step of [0, ...STEPS]) {
    const before = upstream.posts.length;
    const jobs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => generate(urls[n % 2] ?? '', { prompt: `${step} ${n}` })),
    );
    await expect.poll(() => upstream.posts.length, { interval: 10 }).toBe(before + 10);
    second.set(2 * MINUTE + step);
    expect(
      await endsOf(
        first.gateway,
        jobs.map(({ id }) => id),
      ),
    ).toEqual(jobs.map(() => 'COMPLETED'));
  }
  expect(upstream.posts).toHaveLength(10 * (STEPS.length + 1));
}, 90_000);
