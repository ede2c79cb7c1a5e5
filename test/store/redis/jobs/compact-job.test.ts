import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { WAN_MODEL } from '../../../../src/providers/segmind/facts.ts';
import { decodeCompact, encodeCompact } from '../../../../src/store/redis/jobs/compact-job.ts';
import { channels, keys, shardOf } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { createAndLease, present } from '../../../contract/job-store-cases/opened-store.ts';
import {
  acceptedJob,
  changedJob,
  completed,
  failed,
  nextVersion,
  videoRequest,
} from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { DAY, NOON, SECOND } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';
import { REDIS_KINDS } from '../redis-kinds.ts';

/** A completed job with all fields that the upstream fills, and a prompt of 100 characters. */
function typicalJob(job: Job): Job {
  const now = job.createdAt + 60 * SECOND;
  return changedJob(completed(job, now), {
    upstreamId: '9c1f2a7be04d4c7d8e6a5b3f21d09c8e',
    sentAt: now - 59 * SECOND,
    submittedAt: now - 58 * SECOND,
    startedAt: now - 57 * SECOND,
    forecast: { madeAt: now, progress: 0.0123456789, from: now, mu: 10.885123456789, sigma: 0.2512345678 },
    metrics: { queueSeconds: null, inferenceSeconds: 48.231, costUsd: 0.53 },
    video: {
      url: `https://images.example.com/outputs/${job.id}.mp4`,
      inline: false,
      contentType: 'video/mp4',
      byteLength: 1_234_567,
      expiresAt: now + 7 * DAY,
    },
  });
}

function typicalRequest() {
  return videoRequest({
    image: 'https://cdn.example.com/uploads/2026/11/4f9a7c21b0e84d3f.png',
    prompt:
      'A red fox walks slowly through fresh snow at dawn; the camera follows from the side in soft, golden light.',
    negativePrompt: WAN_MODEL.defaults.negativePrompt,
  });
}

describe.each(REDIS_KINDS)('a final job on %s', (_, start) => {
  const resources = new AsyncDisposableStack();
  let flush: () => Promise<unknown>;
  let store: RedisJobStore;
  beforeAll(async () => {
    const redis = resources.use(await start());
    flush = () => redis.flush();
    store = resources.use(await openRedis(redis.urls));
  }, 60_000);
  beforeEach(async () => {
    await flush();
  });
  afterAll(() => resources.disposeAsync());

  const finish = async (toFinal: (job: Job) => Job) => {
    const { job, leaseId } = await createAndLease(store, freshJob({ request: typicalRequest() }));
    const done = toFinal(job);
    const change = { job: done, schedule: null };
    expect(await store.save(leaseId, change)).toBe('saved');
    return { done, change, leaseId, key: keys.job(job.id) };
  };

  it('is one field of at most 450 bytes, and is read as it was saved', async () => {
    for (const toFinal of [typicalJob, (job: Job) => failed(job, Date.now(), 'NO')]) {
      const { done, key } = await finish(toFinal);
      expect(await store.client.hkeys(key)).toEqual(['@final']);
      expect(await store.client.hstrlen(key, '@final')).toBeLessThan(450);
      expect(await store.getMany([done.id])).toEqual([done]);
    }
  });

  it('knows its save, and changes no more', async () => {
    const { done, change, leaseId } = await finish(typicalJob);
    expect(await store.save(leaseId, change)).toBe('saved');
    expect(await store.save('another', change)).toBe('superseded');
    expect(await store.save(leaseId, { ...change, job: nextVersion(done) })).toBe('superseded');
    expect(await store.getMany([done.id])).toEqual([done]);
    expect(await store.remove(done)).toBe('removed');
    expect(await store.getMany([done.id])).toEqual([null]);
  });

  it('is read with the fields that a repair adds', async () => {
    const { done, key } = await finish(typicalJob);
    await store.client.hset(key, 'version', '77');
    expect(await store.getMany([done.id])).toEqual([{ ...done, version: 77 }]);
    await store.client.hset(key, '@final', 'C12345678 is damaged');
    expect(await store.getMany([done.id])).toEqual([null]);
    expect(await store.health()).toEqual({ quarantined: 1 });
  });

  it('is readmitted after an earlier version has quarantined it', async () => {
    const { done, key } = await finish(typicalJob);
    await store.client.hset(key, '@quarantined', 1);
    await store.client.zadd(keys.quarantine(shardOf(done.id)), Date.now() + DAY, done.id);
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(await store.getMany([done.id])).toEqual([done]);
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.client.hkeys(key)).toEqual(['@final']);
  });
});

describe('beside an instance of an earlier version, a final job', () => {
  it('is readable by it, also while its subscriptions are lost for a moment', async () => {
    await using server = await RedisServer.start();
    await using store = await openRedis([server.url]);
    const fieldsOf = async () => {
      const { job, leaseId } = await createAndLease(store, freshJob());
      await store.save(leaseId, { job: typicalJob(job), schedule: null });
      return { id: job.id, fields: await store.client.hkeys(keys.job(job.id)) };
    };
    expect((await fieldsOf()).fields).toEqual(['@final']);
    const earlier = new Redis(server.port);
    await earlier.subscribe(channels.heartbeat('0'));
    const { id, fields } = await fieldsOf();
    expect(fields).toEqual(expect.arrayContaining(['phase', 'request', 'version']));
    expect(fields).not.toContain('@final');
    earlier.disconnect();
    const pinned = present((await store.getMany([id]))[0]);
    expect(pinned.phase).toBe('completed');
    await expect
      .poll(() => store.client.pubsub('NUMSUB', channels.heartbeat('0')))
      .toEqual([channels.heartbeat('0'), 1]);
    const shard = shardOf(id);
    expect(await store.client.ttl(keys.earlierInstances(shard))).toBeGreaterThan(590);
    const again = async () => {
      const { job, leaseId } = await createAndLease(store, inShard(freshJob(), shard));
      await store.save(leaseId, { job: typicalJob(job), schedule: null });
      return store.client.hexists(keys.job(job.id), '@final');
    };
    expect(await again()).toBe(0);
    await store.client.del(keys.earlierInstances(shard));
    expect(await again()).toBe(1);
  });

  it('is readable by it when this instance may not look for it', async () => {
    await using server = await RedisServer.start();
    await using store = await openRedis([server.url]);
    await server.run('ACL', 'SETUSER', 'default', '-pubsub');
    const { job, leaseId } = await createAndLease(store, freshJob());
    expect(await store.save(leaseId, { job: typicalJob(job), schedule: null })).toBe('saved');
    expect(await store.client.hexists(keys.job(job.id), 'phase')).toBe(1);
  });
});

describe('compressed text', () => {
  it('of any job is restored', () => {
    const texts = ['', 'ü'.repeat(2000), '"\\\n\u2028', 'x'.repeat(2000)];
    for (const prompt of texts) {
      const job = completed(acceptedJob({ request: videoRequest({ prompt, negativePrompt: prompt }) }), NOON);
      const head = 'C12345678';
      const stored = head + encodeCompact(job).toString('latin1');
      expect(decodeCompact(stored)).toEqual(JSON.parse(JSON.stringify(withoutNulls(job))));
    }
  });

  it('of this version is restored by all later ones', () => {
    const stored = Buffer.from(STORED, 'base64').toString('latin1');
    expect(decodeCompact(stored)).toMatchObject({ phase: 'completed', request: { prompt: 'a cat jumps' } });
  });
});

/** A compact job. It must never change, because stores contain such texts. */
const STORED =
  'QzEyMzQ1Njc4Q5ZINEw0NDHXTU41MNA1NzAw0LUAEQYmBjCAqjUxJVFJR6kstagYnDyMSM4FqRWJIHVgzyYnlugV5KVjZoys0tyCYtw5gMw0SiB1WhqbG5gbgf2MllBRZFDTrKWxuaGBKVQKLYmiaENJrSgyqAkXSaoWAA==';

function inShard(job: Job, shard: string): Job {
  return { ...job, id: job.id.slice(0, -1) + shard };
}

function withoutNulls(job: Job): object {
  return Object.fromEntries(Object.entries(job).filter(([, value]) => value !== null));
}
