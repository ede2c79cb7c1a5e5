import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { overrideStore } from '../../support/override-store.ts';
import { until } from '../../support/until.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id version } }';
const UNKNOWN = '01a00000-0000-7000-8000-000000000000';

/** A gateway whose store does not answer `list`, nor reads of the job given to `slowDown`, until it is released. */
async function slowGateway() {
  const released = Promise.withResolvers<void>();
  let slow = '';
  let calls = 0;
  const wait = async () => {
    calls += 1;
    await released.promise;
  };
  const gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        getMany: async (ids) => {
          if (ids.includes(slow)) await wait();
          return store.getMany(ids);
        },
        list: async (query) => {
          await wait();
          return store.list(query);
        },
      }),
  });
  return {
    gateway,
    mover: new JobMover(gateway),
    slowDown: (id: string) => {
      slow = id;
    },
    calls: () => calls,
    release: () => released.resolve(),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

describe('an id that is reused while its first, completed operation is still running', () => {
  it('belongs to the second subscription only', async () => {
    await using slow = await slowGateway();
    const { gateway, mover } = slow;
    const [first, second] = [(await mover.accept()).id, (await mover.accept()).id];
    slow.slowDown(first);
    using client = await WsClient.connect(gateway.url);
    client.subscribe('same', WATCH, { id: first });
    client.complete('same');
    client.subscribe('same', WATCH, { id: second });
    expect((await client.result('same')).data).toEqual({ videoJobUpdated: { id: second, version: 1 } });
    slow.release();
    await until(() => gateway.store.listenerCount, 1);
    for (const id of [first, second]) await mover.move(id, { type: 'submit-started' });
    expect((await client.result('same')).data).toEqual({ videoJobUpdated: { id: second, version: 2 } });
    client.complete('same');
    await until(() => gateway.store.listenerCount, 0);
    expect(client.pending).toEqual([]);
  });

  it('does not get the refusal of the first operation', async () => {
    await using slow = await slowGateway();
    const { id } = await slow.mover.accept();
    slow.slowDown(UNKNOWN);
    using client = await WsClient.connect(slow.gateway.url);
    client.subscribe('same', WATCH, { id: UNKNOWN });
    client.complete('same');
    client.subscribe('same', WATCH, { id });
    await client.result('same');
    slow.release();
    await slow.mover.move(id, { type: 'submit-started' });
    expect((await client.result('same')).data).toEqual({ videoJobUpdated: { id, version: 2 } });
  });

  it('is not answered with the first query’s result', async () => {
    await using slow = await slowGateway();
    using client = await WsClient.connect(slow.gateway.url);
    client.subscribe('same', '{ videoJobs { nodes { id } } }');
    client.complete('same');
    const { id } = await slow.mover.accept();
    client.subscribe('same', WATCH, { id });
    await client.result('same');
    await until(slow.calls, 1);
    slow.release();
    await client.processed();
    await slow.mover.move(id, { type: 'submit-started' });
    expect((await client.result('same')).data).toEqual({ videoJobUpdated: { id, version: 2 } });
    expect(client.pending).toEqual([]);
    client.subscribe('same', '{ __typename }');
    expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber for same already exists' });
  });
});

describe('an id that is reused while the last message of its first operation is unread', () => {
  /** The server side of all connections. */
  const sockets: Socket[] = [];
  const collect = (message: unknown) => {
    if (isConnection(message)) sockets.push(message.socket);
  };
  beforeAll(() => channel('net.server.socket').subscribe(collect));
  afterAll(() => {
    channel('net.server.socket').unsubscribe(collect);
  });

  it.each([
    ['that is refused', '{ nope }', 'error'],
    ['that ends', WATCH, 'next'],
    ['that is a query', '{ __typename }', 'next'],
  ])('belongs to the second one only, after one %s', async (_, query, expected) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const [done, id] = [(await mover.accept()).id, (await mover.accept()).id];
    await mover.move(done, ...WHOLE_LIFE);
    using client = await WsClient.connect(gateway.url);
    const socket = sockets.at(-1);
    socket?.cork();
    client.subscribe('same', query, { id: done });
    await until(() => socket !== undefined && socket.writableLength > 0, true);
    client.complete('same');
    client.subscribe('same', WATCH, { id });
    await until(() => gateway.store.listenerCount, 1);
    socket?.uncork();
    expect((await client.next('same')).type).toBe(expected);
    while (!JSON.stringify(await client.next('same')).includes(id));
    client.complete('same');
    await client.processed();
    expect(gateway.store.listenerCount).toBe(0);
    client.subscribe('same', '{ __typename }');
    expect((await client.result('same')).data).toEqual({ __typename: 'Query' });
    expect((await client.next('same')).type).toBe('complete');
    expect(client.pending).toEqual([]);
  });
});

function isConnection(message: unknown): message is { readonly socket: Socket } {
  return typeof message === 'object' && message !== null && 'socket' in message;
}
