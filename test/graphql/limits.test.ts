import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT, tryGenerate } from '../support/gateway/generate.ts';
import { dataOf } from '../support/gateway/http.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE } from '../support/times.ts';

const WITHOUT_MINUTE = 24 * 60 * 60 - 60;

const LIMITS = [
  ['MAX_UNFINISHED_JOBS', 'CAPACITY_EXCEEDED', 10],
  ['MAX_UNFINISHED_JOBS_PER_OWNER', 'OWNER_CAPACITY_EXCEEDED', 10],
  ['MAX_JOBS_PER_DAY', 'DAILY_LIMIT_REACHED', WITHOUT_MINUTE],
  ['MAX_JOBS_PER_DAY_PER_OWNER', 'OWNER_DAILY_LIMIT_REACHED', WITHOUT_MINUTE],
] as const;

describe('the limits of generateVideo', () => {
  it.each(LIMITS)('answer for %s with %s and the time to wait', async (limit, code, seconds) => {
    await using gateway = await startGateway({ settings: { [limit]: '2' } });
    await generate(gateway.url, INPUT);
    gateway.clock.jump(MINUTE);
    await generate(gateway.url, INPUT);
    const refused = await generate(gateway.url, INPUT);
    expect(refused).toEqual({
      __typename: 'GenerateVideoCapacityExceeded',
      code,
      message: expect.any(String),
      retryAfterSeconds: seconds,
    });
  });

  it('round the seconds up to at least one', async () => {
    const waits = [1, 1000, 1001, 0];
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          create: async () => ({ type: 'refused', limit: 'perDay', retryAfterMs: waits.shift() ?? 0 }),
        }),
    });
    const told = [];
    for (let i = 0; i < 4; i += 1) told.push((await generate(gateway.url, INPUT)).retryAfterSeconds);
    expect(told).toEqual([1, 1, 2, 1]);
  });

  it('have different messages', async () => {
    const reasons = ['unfinished', 'unfinishedPerOwner', 'perDay', 'perDayPerOwner'] as const;
    const messages = new Set<string | undefined>();
    for (const limit of reasons) {
      await using gateway = await startGateway({
        wrapStore: (store) =>
          overrideStore(store, { create: async () => ({ type: 'refused', limit, retryAfterMs: 1 }) }),
      });
      messages.add((await generate(gateway.url, INPUT)).message);
    }
    expect(messages.size).toBe(reasons.length);
  });
});

describe('the rate of calls to generateVideo', () => {
  it('counts every call, also those with a wrong input or a known key', async () => {
    await using gateway = await startGateway({ settings: { GENERATE_RPM_PER_OWNER: '3' } });
    const keyed = { ...INPUT, idempotencyKey: 'order-7' };
    const wrong = await generate(gateway.url, { ...INPUT, prompt: '' });
    expect(wrong.code).toBe('INVALID_INPUT');
    await generate(gateway.url, keyed);
    expect(await generate(gateway.url, keyed)).toMatchObject({ deduplicated: true });
    const refused = await generate(gateway.url, keyed);
    expect(refused).toMatchObject({ __typename: 'GenerateVideoCapacityExceeded', code: 'RATE_LIMITED' });
    expect(refused.retryAfterSeconds).toBeGreaterThan(50);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  it('counts each call of one operation', async () => {
    await using gateway = await startGateway({ settings: { GENERATE_RPM_PER_OWNER: '2' } });
    const success = { __typename: 'GenerateVideoSuccess' };
    expect(await dataOf(gateway.url, `mutation { ${call('a')} ${call('b')} ${call('c')} }`)).toEqual({
      a: success,
      b: success,
      c: { __typename: 'GenerateVideoCapacityExceeded', code: 'RATE_LIMITED' },
    });
  });

  it('refuses calls that could not be counted', async () => {
    let creates = 0;
    await using gateway = await startGateway({
      storage: { ownerRate: { take: () => Promise.reject(new StoreUnavailableError('secret')) } },
      wrapStore: (store) =>
        overrideStore(store, {
          create: (record) => {
            creates += 1;
            return store.create(record);
          },
        }),
    });
    const { data, errors = [] } = await tryGenerate(gateway.url, INPUT);
    expect(data).toEqual({ generateVideo: null });
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: 'STORE_UNAVAILABLE' }]);
    expect(creates).toBe(0);
  });
});

function call(alias: string): string {
  const input = `{ image: "${INPUT.image}", prompt: "${alias}" }`;
  return `${alias}: generateVideo(input: ${input}) { __typename ... on GenerateVideoError { code } }`;
}
