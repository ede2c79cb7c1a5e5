import { expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { systemClock } from '../../../../src/process/clocks.ts';
import {
  connectForCommands,
  connectForSubscriptions,
} from '../../../../src/store/redis/connection/connect.ts';
import { sealKey, sealOf } from '../../../../src/store/redis/events/event-seal.ts';
import { PubSub } from '../../../../src/store/redis/events/pub-sub.ts';
import { encodeJob } from '../../../../src/store/redis/jobs/job-hash.ts';
import { channels } from '../../../../src/store/redis/keys.ts';
import { listening, NO_EVENTS } from '../../../support/events.ts';
import { acceptedJob } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';

const KEY = sealKey(Buffer.alloc(32, 7));

it('a pub/sub retries when its first connections fail, and reports that once', async () => {
  await using server = await RedisServer.start();
  const location = { urls: [server.url], cluster: false };
  const client = connectForCommands(location, NO_EVENTS);
  await client.connect();
  const states: string[] = [];
  let lines = 0;
  await using hub = new PubSub({
    connect: () => {
      lines += 1;
      // No server listens on port 1.
      return connectForSubscriptions(
        lines <= 2 ? { urls: ['redis://127.0.0.1:1'], cluster: false } : location,
      );
    },
    publish: (channel, message) => client.publish(channel, message),
    heartbeatChannels: ['beat'],
    clock: systemClock,
    random: () => 1,
    secret: { key: KEY, refresh: () => {} },
    events: listening('store:connection', ({ state, reason }) => states.push(`${state} ${reason}`)),
  });
  await hub.start();
  const versions: number[] = [];
  let gaps = 0;
  const listener = {
    message: ({ version }: Job) => void versions.push(version),
    gap: () => void (gaps += 1),
  };
  const job = acceptedJob();
  const unsubscribe = await hub.listen(channels.job(job.id), listener);
  const say = (version: number) => {
    const text = encodeJob({ ...job, version });
    return server.run('PUBLISH', channels.job(job.id), text.slice(0, -1) + sealOf(text, KEY));
  };
  await say(1);
  await expect.poll(() => versions).toEqual([1]);
  await say(3);
  await say(2);
  await expect.poll(() => gaps).toBe(1);
  expect(versions).toEqual([1, 3]);
  for (let message = 0; message < 200; message += 1) void client.publish(channels.job(job.id), 'of others');
  await expect.poll(() => gaps, { timeout: 30_000 }).toBeGreaterThan(1);
  await say(4);
  await expect.poll(() => versions).toEqual([1, 3, 4]);
  expect(gaps).toBeLessThan(4);
  unsubscribe();
  const refused = expect.stringMatching(/^lost .*ECONNREFUSED/);
  expect(states).toEqual([refused, 'connected null']);
  client.disconnect();
});
