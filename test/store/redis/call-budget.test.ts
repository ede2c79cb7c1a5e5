import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisCallBudget } from '../../../src/store/redis/redis-call-budget.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { runScript } from '../../../src/store/redis/scripts.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { openRedis } from './open-redis.ts';

describe('the rate budget of two instances', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let stores: readonly [RedisJobStore, RedisJobStore];
  const budgets = (rpm: number) =>
    [new RedisCallBudget(stores[0].client, rpm), new RedisCallBudget(stores[1].client, rpm)] as const;

  /** Empties the bucket. @returns milliseconds until there is more */
  const waitOf = async (budget: RedisCallBudget) => {
    await server.run('HSET', keys.budget, 'tokens', '0');
    return (await budget.reserve(1)).waitMs;
  };
  /** Lets time pass since the last refusal. */
  const pass = (ms: number) => server.run('HINCRBY', keys.budget, 'closedUntil', String(-ms));

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    stores = [resources.use(await openRedis([server.url])), resources.use(await openRedis([server.url]))];
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  it('gives a burst to both together, not to each', async () => {
    const [a, b] = budgets(50);
    const grants = await Promise.all([a.reserve(256), b.reserve(256), a.reserve(3), b.reserve(3)]);
    expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(5);
  });

  it('stays within the limit however hard both ask, and gives nearly all of it', async () => {
    // As in the process: a burst of a tenth, and what remains spread over the minute. In any time of t that makes at
    // most the burst and t's share, which for a minute is below the limit.
    const rpm = 60_000;
    const burst = rpm / 10;
    const perMs = (rpm - burst + 1) / MINUTE;
    const began = performance.now();
    const ask = async (budget: RedisCallBudget) => {
      let taken = 0;
      while (performance.now() - began < SECOND) taken += (await budget.reserve(1000)).granted;
      return taken;
    };
    const taken = await Promise.all(budgets(rpm).map(ask));
    const total = taken.reduce((sum, count) => sum + count, 0);
    const most = burst + perMs * (performance.now() - began + 1);
    expect(total).toBeLessThanOrEqual(most);
    expect(total).toBeGreaterThan(burst + perMs * SECOND * 0.9);
    expect(burst + perMs * MINUTE - 1).toBeLessThanOrEqual(rpm);
  });

  it('says honestly how long to wait', async () => {
    const [a, b] = budgets(600);
    expect((await a.reserve(60)).granted).toBe(60);
    const { granted, waitMs } = await b.reserve(60);
    expect(granted).toBe(0);
    expect(waitMs).toBeGreaterThan(50);
    expect(waitMs).toBeLessThanOrEqual(Math.ceil((MINUTE + 500) / 541));
    expect((await b.reserve(1)).granted).toBe(0);
    await sleep(waitMs + 2);
    expect((await a.reserve(1)).granted).toBe(1);
  });

  it('is closed for both by a refusal of one, and opens with one call', async () => {
    const [a, b] = budgets(600);
    await a.refused(NOON, 0.5, 250);
    const closed = await b.reserve(10);
    expect(closed.granted).toBe(0);
    expect(closed.waitMs).toBeGreaterThan(200);
    expect(closed.waitMs).toBeLessThanOrEqual(250);
    await b.giveBack(10);
    await sleep(closed.waitMs + 2);
    const opened = await Promise.all([a.reserve(10), b.reserve(10)]);
    expect(opened.reduce((sum, { granted }) => sum + granted, 0)).toBe(1);
  });

  it('counts refusals together as one, and closes for longer with each that follows', async () => {
    const [a, b] = budgets(600);
    await Promise.all([a.refused(NOON, 0, null), b.refused(NOON, 0, null), a.refused(NOON, 0, null)]);
    const first = await b.reserve(1);
    expect(first.waitMs).toBeGreaterThan(1900);
    expect(first.waitMs).toBeLessThanOrEqual(2000);
    await sleep(first.waitMs + 2);
    await b.refused(NOON, 0, null);
    const second = await a.reserve(1);
    expect(second.waitMs).toBeGreaterThan(3900);
    expect(second.waitMs).toBeLessThanOrEqual(4000);
  });

  it('believes no time to wait of more than five minutes', async () => {
    const [a, b] = budgets(600);
    await a.refused(NOON, 0, 1000 * MINUTE);
    expect((await b.reserve(1)).waitMs).toBeLessThanOrEqual(5 * MINUTE);
    expect((await b.reserve(1)).waitMs).toBeGreaterThan(4.9 * MINUTE);
  });

  it('goes on when the clock of Redis was set back by an hour', async () => {
    const [a] = budgets(60);
    await a.reserve(256);
    const later = String(Date.now() + 60 * MINUTE);
    await server.run('HSET', keys.budget, 'closedUntil', later, 'refilledAt', later);
    expect((await a.reserve(1)).waitMs).toBeLessThan(3 * SECOND);
  });

  it('hands to one what the other gave back, up to a burst', async () => {
    const [a, b] = budgets(50);
    expect(await a.reserve(256)).toEqual({ granted: 5, waitMs: 0 });
    await a.giveBack(3);
    expect((await b.reserve(256)).granted).toBe(3);
    await b.giveBack(1000);
    expect((await a.reserve(256)).granted).toBe(5);
  });

  it('takes calls back once also when that is told twice, as after a lost answer', async () => {
    const [a, b] = budgets(50);
    await a.reserve(256);
    const names = [keys.budget, keys.givenBack('this one')];
    const values = ['give-back', '1', 5, 46 / MINUTE, 10 * MINUTE, 5 * MINUTE, 2];
    for (let i = 0; i < 2; i += 1) await runScript(stores[0].client, 'reelgateTakeCalls', names, values);
    expect((await b.reserve(256)).granted).toBe(2);
    expect(Number(await server.run('TTL', keys.givenBack('this one')))).toBeGreaterThan(0);
  });

  it('never limits with a limit of 0, but for a refusal', async () => {
    const [a, b] = budgets(0);
    for (let i = 0; i < 5; i += 1) expect((await a.reserve(256)).granted).toBe(256);
    await a.refused(NOON, 0, 100);
    const { granted, waitMs } = await b.reserve(256);
    expect(granted).toBe(0);
    await sleep(waitMs + 2);
    // At first at a measured pace.
    expect((await b.reserve(256)).granted).toBe(1);
    await pass(5 * MINUTE);
    expect((await b.reserve(256)).granted).toBe(256);
  });

  it('opens at half the rate, climbs back in five minutes, and halves it once for refusals in a row', async () => {
    const [a, b] = budgets(60);
    await a.reserve(1);
    const full = await waitOf(a);
    await a.refused(NOON, 0, 0);
    await pass(2 * SECOND);
    await b.refused(NOON, 0, SECOND);
    // It was told of one second, which had not been enough before.
    expect((await a.reserve(1)).waitMs).toBeGreaterThan(1900);
    await pass(2 * SECOND);
    expect((await waitOf(b)) / full).toBeCloseTo(2, 0);
    await pass(2.5 * MINUTE);
    expect((await waitOf(a)) / full).toBeCloseTo(4 / 3, 1);
    await pass(2.5 * MINUTE);
    expect((await waitOf(a)) / full).toBeCloseTo(1, 1);
  });
});
