import { expect, it } from 'vitest';
import type { Announcement } from '../../../src/store/redis/announcement.ts';
import { ChannelHub } from '../../../src/store/redis/channel-hub.ts';
import { connectForCommands, connectForSubscriptions } from '../../../src/store/redis/connections.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { RedisServer } from '../../support/redis-server.ts';

it('a hub whose first lines cannot be opened starts with the next, and tells why', async () => {
  await using server = await RedisServer.start();
  const location = { urls: [server.url], cluster: false };
  const client = connectForCommands(location);
  await client.connect();
  const troubles: string[] = [];
  let lines = 0;
  await using hub = new ChannelHub({
    connect: () => {
      lines += 1;
      // Nobody listens on port 1.
      return connectForSubscriptions(
        lines <= 2 ? { urls: ['redis://127.0.0.1:1'], cluster: false } : location,
      );
    },
    publish: (channel, message) => client.publish(channel, message),
    beatChannels: ['beat'],
    clock: systemClock,
    random: () => 1,
    onTrouble: (error) => troubles.push(String(error)),
  });
  await hub.start();
  const told: string[] = [];
  const listener = { message: ({ text }: Announcement) => void told.push(text), gap: () => {} };
  const unwatch = await hub.listen('news', listener);
  await server.run('PUBLISH', 'news', 'hello');
  await expect.poll(() => told).toEqual(['hello']);
  unwatch();
  expect(troubles).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('ECONNREFUSED')));
  client.disconnect();
});
