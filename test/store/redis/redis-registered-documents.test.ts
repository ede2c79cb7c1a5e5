import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisRegisteredDocuments } from '../../../src/store/redis/redis-registered-documents.ts';
import {
  documentOf,
  registered,
  registeredDocumentsCases,
  SMALL_ROOM,
} from '../../contract/registered-documents.ts';
import { DAY, HOUR, MINUTE, NOON } from '../../support/times.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

const [TEXTS = '', USES = '', ACCOUNTS = '', ORDER = ''] = keys.documents;

describe.each(REDIS_KINDS)('registered documents on %s', (_, start) => {
  const emptyRedis = redisOfTests(start);

  const open = async (room = SMALL_ROOM) => {
    const urls = await emptyRedis();
    const store = await openRedis(urls);
    const { client } = store;
    const time = { now: NOON };
    return {
      instance: () => new RedisRegisteredDocuments({ client, now: () => time.now, room }),
      client,
      time,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  };
  registeredDocumentsCases(open);

  it('are removed when they were not used for a week', async () => {
    await using opened = await open();
    const { client, instance } = opened;
    await instance().add(documentOf('a'));
    for (const key of keys.documents) {
      const ttl = await client.pttl(key);
      expect(ttl).toBeGreaterThan(7 * DAY - MINUTE);
      expect(ttl).toBeLessThanOrEqual(7 * DAY);
    }
    // Other documents keep the keys.
    await client.zincrby(USES, -7 * DAY * 1000, documentOf('a').hash);
    await instance().add(documentOf('b'));
    expect(await registered(opened, ['a', 'b'])).toEqual(['b']);
    await client.pexpire(TEXTS, 1000);
    await instance().find(documentOf('b').hash);
    expect(await client.pttl(TEXTS)).toBeGreaterThan(7 * DAY - MINUTE);
  });

  it('are read from Redis once an hour', async () => {
    await using opened = await open();
    const { client, time, instance } = opened;
    await instance().add(documentOf('a'));
    const [documents, find] = [instance(), vi.spyOn(client, 'reelgateFindDocument')];
    const { hash, text } = documentOf('a');
    expect(await documents.find(hash)).toBe(text);
    expect(documents.find(hash)).toBe(text);
    expect(documents.add(documentOf('a'))).toBeUndefined();
    time.now += HOUR + 1;
    expect(await documents.find(hash)).toBe(text);
    expect(find).toHaveBeenCalledTimes(2);
  });

  it.each([[TEXTS], [USES], [ACCOUNTS], [ORDER]])(
    'are registered also after Redis has lost %s',
    async (key) => {
      await using opened = await open();
      const { client, instance } = opened;
      const names = Array.from({ length: 20 }, (__, index) => `n${index}`);
      for (const name of names.slice(0, 6))
        await instance().add(documentOf(name, name.replace(/[3-5]$/, '')));
      await client.del(key);
      for (const name of names) await instance().add(documentOf(name));
      expect(await registered(opened, names)).toContain('n19');
      expect(await client.hlen(TEXTS)).toBeLessThanOrEqual(6);
      expect(await client.zcard(ORDER)).toBeLessThanOrEqual(6);
      expect(Number(await client.hget(ACCOUNTS, ''))).toBeLessThanOrEqual(SMALL_ROOM.all);
    },
  );

  it('fail with a StoreUnavailableError while a key has the wrong type', async () => {
    await using opened = await open();
    await opened.client.set(TEXTS, 'no hash');
    const { hash } = documentOf('a');
    await expect(opened.instance().find(hash)).rejects.toThrow(StoreUnavailableError);
    await expect(opened.instance().add(documentOf('a'))).rejects.toThrow(StoreUnavailableError);
  });

  it('are written ten seconds after a write that failed', async () => {
    await using opened = await open();
    const { client, time, instance } = opened;
    const documents = instance();
    await client.set(TEXTS, 'no hash');
    await expect(documents.add(documentOf('a'))).rejects.toThrow(StoreUnavailableError);
    await client.del(TEXTS);
    expect(documents.find(documentOf('a').hash)).toBe(documentOf('a').text);
    expect(documents.add(documentOf('a'))).toBeUndefined();
    time.now += 10_001;
    await documents.add(documentOf('a'));
    expect(await registered(opened, ['a'])).toEqual(['a']);
    // It is kept for an hour now.
    time.now += 10_001;
    expect(documents.find(documentOf('a').hash)).toBe(documentOf('a').text);
  });

  it('are not written while 4 MiB are being written', async () => {
    await using opened = await open({ perOwner: 2 ** 20, all: 2 ** 25 });
    const documents = opened.instance();
    const writes = Array.from({ length: 100 }, (__, index) => documents.add(largeDocument(index)));
    await Promise.all(writes.map(async (write) => write));
    expect(writes.filter((write) => write !== undefined)).toHaveLength(67);
    expect(await opened.client.hlen(TEXTS)).toBe(67);
    await opened.instance().add(largeDocument(99));
    expect(await opened.client.hlen(TEXTS)).toBe(68);
  });
});

function largeDocument(index: number) {
  const text = `${index} `.padEnd(60 * 1024, '#');
  return { hash: String(index), text, ownerId: `owner ${index}` };
}
