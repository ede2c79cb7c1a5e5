import type { ConnectionState, VideoJobChange } from '@reelgate/client';
import { describe, expect, test } from 'vitest';
import { SIGN_IN, signToken, START } from '../auth/tokens.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, PROCESSING, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { HttpProxy } from '../support/network/http-proxy.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';
import { acceptedJob, clientOf, lastOf, versionsOf } from './client.ts';

/** A proxy that lets no WebSocket through. */
async function blockingProxy(targetPort: number): Promise<HttpProxy> {
  const proxy = await HttpProxy.start(targetPort);
  proxy.upgrade = 'refuse';
  return proxy;
}

/** The variables of the event streams that were asked for. */
function streamed(proxy: HttpProxy): readonly unknown[] {
  return proxy.requests
    .filter(({ accept }) => accept === 'text/event-stream')
    .map(({ body }): unknown => JSON.parse(body).variables);
}

describe('where WebSockets are blocked', () => {
  test('a job is watched by server-sent events', async () => {
    await using gateway = await startGateway();
    await using proxy = await blockingProxy(gateway.port);
    const { id, move } = await acceptedJob(gateway);
    using client = clientOf(proxy.port);
    const states: ConnectionState[] = [];
    client.connection.onChange(() => states.push(client.connection.state));
    const next = versionsOf(client.watch(id));
    const seen = [await next()];
    for (const observation of WHOLE_LIFE) {
      await move(observation);
      seen.push(await next());
    }
    expect([...seen, await next()]).toEqual([1, 2, 3, 4, 5, 6, 'end']);
    await until(() => client.connection.state, 'idle');
    expect(states).toEqual(['connecting', 'connected', 'idle']);
    await until(() => proxy.openAnswers, 0);
  });

  test('a cut stream continues from the last version, without another WebSocket', async () => {
    await using gateway = await startGateway();
    await using proxy = await blockingProxy(gateway.port);
    const { id, move } = await acceptedJob(gateway);
    using client = clientOf(proxy.port);
    const next = versionsOf(client.watch(id));
    await move(...WHOLE_LIFE.slice(0, 2));
    expect(await next()).toBe(3);
    const following = next();
    proxy.cut();
    await until(() => streamed(proxy).length, 2);
    await move(PROCESSING);
    expect(await following).toBe(4);
    expect(streamed(proxy)).toEqual([
      { id, sinceVersion: 0 },
      { id, sinceVersion: 3 },
    ]);
    expect(proxy.upgrades).toBe(1);
  });

  test('all jobs are watched by two streams', async () => {
    await using gateway = await startGateway();
    await using proxy = await blockingProxy(gateway.port);
    using client = clientOf(proxy.port);
    const changes = client.watchAll()[Symbol.asyncIterator]();
    const next = async (): Promise<VideoJobChange | undefined> => (await changes.next()).value;
    expect(await next()).toEqual({ type: 'watching' });
    const { id } = await acceptedJob(gateway);
    await new JobMover(gateway).move(id, WHOLE_LIFE[0] ?? PROCESSING);
    const change = await next();
    expect(change).toMatchObject({ type: 'updated', job: { id } });
    expect(proxy.openAnswers).toBe(2);
  });

  test('more jobs than streams take turns, and requests have connections left', async () => {
    await using gateway = await startGateway();
    await using proxy = await blockingProxy(gateway.port);
    using client = clientOf(proxy.port);
    const all = client.watchAll()[Symbol.asyncIterator]();
    await all.next();
    const mover = new JobMover(gateway);
    const jobs = await Promise.all(Array.from({ length: 6 }, () => mover.accept()));
    const watches = jobs.map(({ id }) => versionsOf(client.watch(id)));
    expect(await Promise.all(watches.map((next) => next()))).toEqual(Array(6).fill(1));
    // Now and then there are more for a moment: the proxy may see the end of a stream after the beginning of the next one.
    await until(() => proxy.openAnswers, 4);
    await Promise.all(jobs.map(({ id }) => mover.move(id, ...WHOLE_LIFE)));
    expect(await Promise.all(watches.map(lastOf))).toEqual(Array(6).fill(6));
  });

  test('a refused job rejects with the gateway’s code', async () => {
    await using gateway = await startGateway();
    await using proxy = await blockingProxy(gateway.port);
    using client = clientOf(proxy.port);
    await expect(versionsOf(client.watch(jobId(NOON)))()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an expired token is renewed, and the stream continues', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    await using proxy = await blockingProxy(gateway.port);
    const { id, move } = await acceptedJob(gateway, { ownerId: 'ada' });
    const [short, long] = [await signToken({ exp: START + 60 }), await signToken()];
    let token = short;
    using client = clientOf(proxy.port, { token: () => token });
    const next = versionsOf(client.watch(id));
    expect(await next()).toBe(1);
    token = long;
    await gateway.clock.advance(91_000);
    const following = lastOf(next);
    await until(() => streamed(proxy).length, 2);
    await move(...WHOLE_LIFE);
    expect(await following).toBe(6);
  });

  test('a refused token rejects with UNAUTHENTICATED, and the connection says so', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    await using proxy = await blockingProxy(gateway.port);
    const { id } = await acceptedJob(gateway, { ownerId: 'ada' });
    using client = clientOf(proxy.port, { token: 'wrong' });
    await expect(versionsOf(client.watch(id))()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(client.connection).toMatchObject({ state: 'refused', error: { code: 'UNAUTHENTICATED' } });
  });

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_GRAPHQL'],
    [200, 'NOT_GRAPHQL'],
  ])('a page with status %i of another server rejects with %s', async (status, code) => {
    await using proxy = await blockingProxy(1);
    proxy.action = { status, body: '<h1>A page</h1>' };
    using client = clientOf(proxy.port);
    await expect(versionsOf(client.watch('vj_1'))()).rejects.toMatchObject({ code });
    expect(client.connection).toMatchObject({ state: 'refused', error: { code } });
  });
});

test('a WebSocket is preferred again after the gateway was away', async () => {
  await using gateway = await startGateway();
  await using proxy = await blockingProxy(gateway.port);
  const { id, move } = await acceptedJob(gateway);
  using client = clientOf(proxy.port);
  proxy.action = { status: 502, body: 'Bad Gateway' };
  const next = versionsOf(client.watch(id));
  const first = next();
  await until(() => client.connection.state, 'reconnecting');
  proxy.upgrade = 'forward';
  expect(await first).toBe(1);
  await move(...WHOLE_LIFE);
  expect(await lastOf(next)).toBe(6);
});
