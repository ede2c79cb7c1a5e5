import { describe, expect, it } from 'vitest';
import { keys, SHARDS } from '../../../src/store/redis/keys.ts';
import { RedisBacklog } from '../../../src/store/redis/redis-backlog.ts';
import { backlogCases } from '../../contract/backlog.ts';
import { NOON } from '../../support/times.ts';
import { openContract } from './open-contract.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('the backlog on %s', (_, start) => {
  const emptied = redisOfTests(start);
  backlogCases(async (clock) => {
    const opened = await openContract(await emptied(), clock);
    const { client, quarantine } = opened.store;
    return { ...opened, backlog: new RedisBacklog({ client, quarantine, now: () => clock.now() }) };
  });

  it('estimates the phases and owners of many jobs from a sample', async () => {
    await using store = await openRedis(await emptied());
    const { client, quarantine } = store;
    const perShard = 1000;
    await Promise.all(
      SHARDS.map(async (shard) => {
        const ids = Array.from({ length: perShard }, (__, index) => `vj_${index}${shard}`);
        await client.zadd(keys.due(shard), ...ids.flatMap((id, index) => [index, id]));
        await Promise.all(
          ids.map((id, index) =>
            client.hset(keys.job(id), {
              phase: index % 4 === 0 ? '"queued"' : '"accepted"',
              ownerId: JSON.stringify(index % 10 === 0 ? 'few' : 'many'),
            }),
          ),
        );
      }),
    );
    const backlog = await new RedisBacklog({ client, quarantine, now: () => NOON }).read();
    const total = perShard * SHARDS.length;
    expect(backlog.unfinished).toBe(total);
    expect(backlog.jobs).toEqual({ due: total, oldestDueAt: 0 });
    expect(backlog.unfinishedByPhase.accepted + backlog.unfinishedByPhase.queued).toBe(total);
    expect(backlog.unfinishedByPhase.queued / total).toBeGreaterThan(0.15);
    expect(backlog.owners.map(({ ownerId }) => ownerId)).toEqual(['many', 'few']);
  });

  it('leaves out a shard whose keys have another type', async () => {
    await using store = await openRedis(await emptied());
    const { client, quarantine } = store;
    await client.zadd(keys.due('0'), 0, 'vj_10');
    await client.set(keys.due('1'), 'no set');
    const backlog = await new RedisBacklog({ client, quarantine, now: () => NOON }).read();
    expect(backlog).toMatchObject({ unfinished: 1, quarantined: 1 });
  });
});
