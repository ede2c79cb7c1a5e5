import { describe, expect, it } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisSharedText } from '../../../src/store/redis/redis-shared-text.ts';
import { callBudgetCases } from '../../contract/call-budget.ts';
import { durationCases } from '../../contract/durations.ts';
import { sharedTextCases } from '../../contract/shared-text.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('on %s', (kind, start) => {
  const emptyRedis = redisOfTests(start);

  const open = async () => {
    const urls = await emptyRedis();
    await using opening = new AsyncDisposableStack();
    const [one, other] = [opening.use(await openRedis(urls)), opening.use(await openRedis(urls))];
    const opened = opening.move();
    return {
      one: new RedisSharedText(one.client, keys.budget),
      other: new RedisSharedText(other.client, keys.budget),
      client: one.client,
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  };

  describe('a shared text', () => {
    sharedTextCases(open);

    it('counts as absent, and is replaced, when its key has another type', async () => {
      await using opened = await open();
      await opened.client.hset(keys.budget, 'tokens', '5');
      expect(await opened.one.read()).toBeNull();
      expect(await opened.other.replace('5', 'next')).toBe(false);
      expect(await opened.other.replace(null, 'next')).toBe(true);
      expect(await opened.one.read()).toBe('next');
    });
  });
  // State on top of a text is tested without a cluster.
  describe.runIf(kind === 'a Redis')('the call budget', () => {
    callBudgetCases(open);
  });
  describe.runIf(kind === 'a Redis')('the learned durations', () => {
    durationCases(open);
  });
});
