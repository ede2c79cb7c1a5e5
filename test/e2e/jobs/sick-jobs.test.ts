import { expect, test } from 'vitest';
import {
  generate,
  spawnGateway,
  type SpawnedGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { PaidUpstream } from '../../support/upstream/paid-upstream.ts';

/** The behaviours of failing jobs. A store with `html` only sees what looks like an upstream that is down. */
const FAILING = {
  embedded: ['html'],
  'Redis, two instances': ['warming', 'down', '500', 'unreadable', 'html'],
} as const;
const FAILING_JOBS = 100;
const HEALTHY_JOBS = 5;
const RUN_MS = 2000;

test.each(['embedded', 'Redis, two instances'] as const)(
  'beside 100 failing jobs, healthy jobs are submitted within 5 seconds and end in time (%s)',
  async (store) => {
    await using upstream = await PaidUpstream.start({ runMs: RUN_MS });
    await using gateways = await startGateways(store, upstream.url);
    const { urls } = gateways;
    const failing = FAILING[store];
    const urlOf = (index: number) => urls[index % urls.length] ?? '';
    const healthy = async (prompt: string) => {
      const acceptedAt = Date.now();
      const { id } = await generate(urlOf(prompt.length), { prompt });
      const seen = await watchToEnd(urlOf(prompt.length + 1), id);
      return {
        status: seen.at(-1)?.status,
        submittedAfterMs: (upstream.submittedAt.get(prompt) ?? Infinity) - acceptedAt,
        tookMs: Date.now() - acceptedAt,
      };
    };
    const alone = await healthy('alone');
    await Promise.all(
      Array.from({ length: FAILING_JOBS }, (_, index) =>
        generate(urlOf(index), { prompt: `failing ${index} {${failing[index % failing.length]}}` }),
      ),
    );
    // The first round starts together with the failing jobs, the others when these have failed for a while.
    for (const round of [1, 2, 3]) {
      const ends = await Promise.all(
        Array.from({ length: HEALTHY_JOBS }, (_, index) => healthy(`healthy ${round} ${index}`)),
      );
      expect(ends.map(({ status }) => status)).toEqual(ends.map(() => 'COMPLETED'));
      expect(Math.max(...ends.map(({ submittedAfterMs }) => submittedAfterMs))).toBeLessThan(5000);
      // At most twice the time of a job alone, plus 5 s for a busy machine.
      expect(Math.max(...ends.map(({ tookMs }) => tookMs))).toBeLessThan(2 * alone.tookMs + 5000);
    }
    const perJob = new Map<string, number>();
    for (const prompt of upstream.posts) perJob.set(prompt, (perJob.get(prompt) ?? 0) + 1);
    const repeated = [...perJob].filter(([prompt, count]) => count > 1 && !/\{(?:down|500)\}/.test(prompt));
    expect(repeated).toEqual([]);
  },
  90_000,
);

async function startGateways(store: 'embedded' | 'Redis, two instances', upstreamUrl: string) {
  await using starting = new AsyncDisposableStack();
  const settings = {
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstreamUrl,
    SEGMIND_RPM: '0',
    SEGMIND_TIMEOUT_MS: '3000',
    LOG_LEVEL: 'info',
  };
  const gateways: SpawnedGateway[] = [];
  if (store === 'embedded') {
    const folder = starting.use(tempFolder());
    gateways.push(starting.use(await spawnGateway({ ...settings, DATA_DIR: folder.path })));
  } else {
    const redis = starting.use(await RedisServer.start({ appendOnly: true }));
    for (const _ of [1, 2]) {
      gateways.push(starting.use(await spawnGateway({ ...settings, REDIS_URL: redis.url })));
    }
  }
  const owned = starting.move();
  return { urls: gateways.map(({ url }) => url), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
