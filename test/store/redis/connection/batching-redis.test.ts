import { expect, it } from 'vitest';
import { BatchingRedis } from '../../../../src/store/redis/connection/connect.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';

it('the commands of one turn are held until its end, and answered in order', async () => {
  await using server = await RedisServer.start();
  const client = await connect(server);
  for (let turn = 0; turn < 3; turn += 1) {
    const answers = [client.set('turn', turn), client.get('turn'), client.incr('turn')];
    expect(client.stream.writableCorked).toBe(1);
    expect(client.stream.writableLength).toBeGreaterThan(0);
    expect(await Promise.all(answers)).toEqual(['OK', `${turn}`, turn + 1]);
    expect(client.stream.writableCorked).toBe(0);
  }
  client.disconnect();
});

it('held commands are sent when the client disconnects', async () => {
  await using server = await RedisServer.start();
  const client = await connect(server);
  const asked = client.get('x');
  client.disconnect();
  expect(await asked).toBe(null);
});

it('held commands fail at once when the connection is lost', async () => {
  await using server = await RedisServer.start();
  const client = await connect(server);
  const asked = client.get('x');
  client.stream.destroy();
  await expect(asked).rejects.toThrow('Connection is closed.');
});

async function connect(server: RedisServer): Promise<BatchingRedis> {
  const options = { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null };
  const client = new BatchingRedis(server.url, options);
  client.on('error', () => {});
  await client.connect();
  return client;
}
