import { describe, expect, it } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisSubmissions } from '../../../src/store/redis/redis-submissions.ts';
import { SUBMISSION_MEMORY_MS } from '../../../src/store/submissions.ts';
import { submissionsCases } from '../../contract/submissions.ts';
import { listening } from '../../support/events.ts';
import { MINUTE } from '../../support/times.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('submissions on %s', (_, start) => {
  const emptyRedis = redisOfTests(start);

  const open = async () => {
    const urls = await emptyRedis();
    await using opening = new AsyncDisposableStack();
    const unreadable: string[] = [];
    const events = listening('store:unreadable', ({ id }) => unreadable.push(id));
    const [one, other] = [opening.use(await openRedis(urls, { events })), opening.use(await openRedis(urls))];
    const opened = opening.move();
    return {
      one: new RedisSubmissions(one.client, one.quarantine),
      other: new RedisSubmissions(other.client, other.quarantine),
      client: one.client,
      store: one,
      unreadable,
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  };
  submissionsCases(open);

  it('are kept longer than a job can be unfinished, and then expire', async () => {
    await using opened = await open();
    await opened.one.begin('print', 'job-1');
    await opened.one.end('another', 'job-2', 'up-2');
    await opened.one.adopt('third', 'job-3', 'up-3');
    const names = [
      keys.postsInFlight('print'),
      keys.upstreamRequest('another', 'up-2'),
      keys.upstreamRequest('third', 'up-3'),
    ];
    for (const name of names) {
      const ttl = await opened.client.pttl(name);
      expect(ttl).toBeGreaterThan(SUBMISSION_MEMORY_MS - MINUTE);
      expect(ttl).toBeLessThanOrEqual(SUBMISSION_MEMORY_MS);
    }
    // A POST without an end counts as ended after that time, also while other POSTs keep its key.
    await opened.client.zincrby(keys.postsInFlight('print'), -SUBMISSION_MEMORY_MS, 'job-1');
    expect(await opened.other.adopt('print', 'job-4', 'up-4')).toBe('adopted');
  });

  it('adopt nothing while a key has the wrong type, which is reported once and counted', async () => {
    await using opened = await open();
    const { one, client, store, unreadable } = opened;
    const name = keys.postsInFlight('print');
    await client.set(name, 'no set');
    await one.begin('print', 'job-1');
    await one.end('print', 'job-1', 'up-1');
    expect(await one.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await one.adopt('print', 'job-2', 'up-2')).toBe('in-flight');
    await one.end('print', 'job-1', null);
    expect(await one.adopt('other inputs', 'job-3', 'up-3')).toBe('adopted');
    expect(unreadable).toEqual([name]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    await client.del(name);
    expect(await one.adopt('print', 'job-2', 'up-2')).toBe('adopted');
    expect(await store.health()).toEqual({ quarantined: 0 });
  });
});
