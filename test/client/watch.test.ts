import { describe, expect, test } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { PROCESSING, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';
import { acceptedJob, clientOf, reconnected, startWithOneFailure, versionsOf } from './client.ts';

describe('watch', () => {
  test('yields the present state and each newer version in order, and ends with the terminal one', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    using client = clientOf(gateway.port);
    const next = versionsOf(client.watch(id));
    const seen = [await next()];
    for (const observation of WHOLE_LIFE) {
      await move(observation);
      seen.push(await next());
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await next()).toBe('end');
    await expect.poll(() => client.connection.state).toBe('idle');
  });

  test('yields only versions newer than sinceVersion', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    await move(...WHOLE_LIFE.slice(0, 2));
    using client = clientOf(gateway.port);
    const first = versionsOf(client.watch(id, { sinceVersion: 3 }))();
    await until(() => gateway.store.listenerCount, 1);
    await move(PROCESSING);
    expect(await first).toBe(4);
  });

  test('yields the terminal version even if sinceVersion is that version', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    await move(...WHOLE_LIFE);
    using client = clientOf(gateway.port);
    const next = versionsOf(client.watch(id, { sinceVersion: 6 }));
    expect([await next(), await next()]).toEqual([6, 'end']);
  });

  test('continues on a new connection from the last version', async () => {
    await using gateway = await startGateway();
    await using proxy = await TcpProxy.start(gateway.port);
    const { id, move } = await acceptedJob(gateway);
    using client = clientOf(proxy.port);
    const next = versionsOf(client.watch(id));
    await move(...WHOLE_LIFE.slice(0, 2));
    expect(await next()).toBe(3);

    const following = next();
    proxy.cut();
    await reconnected(client);
    await move(PROCESSING);
    expect(await following).toBe(4);

    proxy.cut();
    await move(...WHOLE_LIFE.slice(3));
    expect([await next(), await next()]).toEqual([6, 'end']);
  });

  test('subscribes again when the gateway’s store is unavailable for a moment', async () => {
    const { gateway: started, reads } = await startWithOneFailure();
    await using gateway = started;
    const { id } = await acceptedJob(gateway);
    using client = clientOf(gateway.port);
    expect(await versionsOf(client.watch(id))()).toBe(1);
    expect(reads()).toBeGreaterThan(1);
  });

  test('rejects an unknown job with the gateway’s error code', async () => {
    await using gateway = await startGateway();
    using client = clientOf(gateway.port);
    const next = versionsOf(client.watch(jobId(NOON)));
    await expect(next()).rejects.toMatchObject({ name: 'ReelgateError', code: 'NOT_FOUND' });
    expect(await next()).toBe('end');
  });

  test('rejects with the reason of its signal when that aborts, and unsubscribes', async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    const leaving = new AbortController();
    using client = clientOf(gateway.port);
    const next = versionsOf(client.watch(id, { signal: leaving.signal }));
    expect(await next()).toBe(1);
    const following = next();
    leaving.abort();
    await expect(following).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => gateway.store.listenerCount, 0);
  });

  test('does not connect when its signal is aborted before', async () => {
    using client = clientOf(1);
    const next = versionsOf(client.watch('vj_1', { signal: AbortSignal.abort() }));
    await expect(next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(client.connection.state).toBe('idle');
  });

  test('ends at a break while the gateway is down', async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    const seen: number[] = [];
    using client = clientOf(gateway.port);
    for await (const job of client.watch(id)) {
      seen.push(job.version);
      await gateway.stop();
      break;
    }
    expect(seen).toEqual([1]);
    await expect.poll(() => client.connection.state).toBe('idle');
  });

  test('return() ends the iteration although a next() is pending', async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    using client = clientOf(gateway.port);
    const iterator = client.watch(id)[Symbol.asyncIterator]();
    await iterator.next();
    const pending = iterator.next();
    await iterator.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    await until(() => gateway.store.listenerCount, 0);
  });
});
