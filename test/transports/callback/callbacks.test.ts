import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { until } from '../../support/until.ts';
import { refusalOf, startCallbacks, subscribe, extensionFor, WATCH_ALL } from './callback-gateway.ts';

describe('a subscription with a callback', () => {
  it('is checked, gets each state, and completes', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, mover, id } = parts;
    const answer = await subscribe(gateway, { variables: { id }, subscription: extensionFor(router) });
    expect([answer.status, answer.text]).toEqual([200, '{"data":null}']);
    expect(answer.headers.get('subscription-protocol')).toBe('callback');
    const expected = ['check', 'next 1'];
    for (const [index, step] of WHOLE_LIFE.entries()) {
      await until(() => router.summaries, expected);
      await mover.move(id, step);
      expected.push(`next ${index + 2}`);
    }
    await until(() => router.summaries, [...expected, 'complete']);
    expect(router.messages[1]).toEqual({
      kind: 'subscription',
      action: 'next',
      id: 's1',
      verifier: 'v1',
      payload: { data: { videoJobUpdated: { id, version: 1 } } },
    });
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('may name its document by a hash, and has no name when that is empty', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, mover, id } = parts;
    const hash = createHash('sha256').update(WATCH_ALL).digest('hex');
    const request = { subscription: extensionFor(router), operationName: '', hash };
    const send = async (query: string) => refusalOf(await subscribe(gateway, { ...request, query }));
    expect(await send('')).toEqual([200, ['PERSISTED_QUERY_NOT_FOUND']]);
    expect([await send(WATCH_ALL), await send('')]).toEqual([
      [200, undefined],
      [200, undefined],
    ]);
    await mover.move(id, ...WHOLE_LIFE.slice(0, 1));
    await until(() => router.summaries, ['check', 'check', 'next 2', 'next 2']);
  });

  it('skips states while the router is slow, but never the last', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, mover, id } = parts;
    const slow = Promise.withResolvers<number>();
    router.answer = ({ action }) => (action === 'next' ? slow.promise : 204);
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router) });
    await until(() => router.summaries, ['check', 'next 1']);
    await mover.move(id, ...WHOLE_LIFE);
    expect(router.summaries).toEqual(['check', 'next 1']);
    slow.resolve(200);
    await until(() => router.summaries.slice(-2), [`next ${WHOLE_LIFE.length + 1}`, 'complete']);
    expect(router.summaries.length).toBeLessThan(6);
  });

  it('sends heartbeats when nothing happens', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router, 1) });
    await until(() => router.summaries, ['check', 'next 1', 'check', 'check']);
    expect(gateway.store.listenerCount).toBe(1);
  });

  it.each(['next', 'check'])('ends when the router answers a %s by 404', async (action) => {
    await using parts = await startCallbacks();
    const { router, gateway, mover, id } = parts;
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router, 1000) });
    await until(() => router.summaries, ['check', 'next 1']);
    router.answer = (message) => (message.action === action ? 404 : 204);
    if (action === 'next') await mover.move(id, { type: 'submit-started' });
    await until(() => gateway.store.listenerCount, 0);
    expect(router.summaries.slice(2)).toEqual([action === 'next' ? 'next 2' : 'check']);
  });

  it('repeats a failed message, and ends when it fails five times', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, mover, id } = parts;
    router.answer = () => (router.messages.length === 2 ? 503 : 204);
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router) });
    await until(() => router.summaries, ['check', 'next 1', 'next 1']);
    router.answer = () => 503;
    await mover.move(id, { type: 'submit-started' });
    await until(() => gateway.store.listenerCount, 0);
    expect(router.summaries.slice(3)).toEqual(Array.from({ length: 5 }, () => 'next 2'));
  });

  it('completes with the error of its events', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, mover } = parts;
    const slow = Promise.withResolvers<number>();
    router.answer = ({ action }) => (action === 'next' ? slow.promise : 204);
    await subscribe(gateway, { query: WATCH_ALL, subscription: extensionFor(router) });
    await Promise.all(Array.from({ length: 1002 }, () => mover.accept()));
    slow.resolve(204);
    await until(() => router.summaries, ['check', 'next 1', 'next SLOW_SUBSCRIBER', 'complete']);
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('ends with an error when the server stops', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router, 1000) });
    await until(() => router.summaries, ['check', 'next 1']);
    await gateway.stop();
    expect(router.summaries).toEqual(['check', 'next 1', 'complete SERVICE_RESTART']);
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('does not delay the stop of the server when the router does not answer', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    await subscribe(gateway, { variables: { id }, subscription: extensionFor(router) });
    const never = Promise.withResolvers<number>();
    router.answer = () => never.promise;
    await gateway.stop();
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('is one of at most 1,000', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    const request = { variables: { id }, subscription: extensionFor(router) };
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, () => subscribe(gateway, request)));
    }
    expect(refusalOf(await subscribe(gateway, request))).toEqual([503, ['TOO_MANY_SUBSCRIPTIONS']]);
    expect(gateway.store.listenerCount).toBe(1000);
    await gateway.stop();
    expect(router.summaries.filter((message) => message === 'complete SERVICE_RESTART')).toHaveLength(1000);
    expect(gateway.store.listenerCount).toBe(0);
  });
});
