import { describe, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway/gateway.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { overrideStore } from '../../support/override-store.ts';
import { until } from '../../support/until.ts';

const MAX_OPERATIONS = 100;
const WATCH_ALL = 'subscription { videoJobsUpdated { version } }';
const LIST = '{ videoJobs { nodes { id } } }';
const TOO_MANY = [
  {
    message:
      'This socket has 100 operations in progress, which is the limit. Wait for one to end, or complete one.',
    extensions: { code: 'TOO_MANY_OPERATIONS' },
  },
];

describe('one operation more than a socket may have in progress', () => {
  it('is refused, and another one is accepted when one is completed', async () => {
    await using gateway = await startGateway({
      settings: { MAX_OPERATIONS_PER_SOCKET: String(MAX_OPERATIONS) },
    });
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < MAX_OPERATIONS; index++) client.subscribe(`s${index}`, WATCH_ALL);
    await until(() => gateway.store.listenerCount, MAX_OPERATIONS);
    client.subscribe('more', WATCH_ALL);
    client.subscribe('query', '{ __typename }');
    // As results: a router would replace the errors of a message of type `error` by its own.
    expect(await client.result('more')).toEqual({ errors: TOO_MANY });
    expect(await client.result('query')).toEqual({ errors: TOO_MANY });
    expect(gateway.store.listenerCount).toBe(MAX_OPERATIONS);
    await new JobMover(gateway).accept();
    expect((await client.result('s99')).data).toEqual({ videoJobsUpdated: { version: 1 } });

    client.complete('s0');
    await until(() => gateway.store.listenerCount, MAX_OPERATIONS - 1);
    client.subscribe('more', WATCH_ALL);
    await until(() => gateway.store.listenerCount, MAX_OPERATIONS);
    using other = await WsClient.connect(gateway.url);
    other.subscribe('1', WATCH_ALL);
    await until(() => gateway.store.listenerCount, MAX_OPERATIONS + 1);
    expect(gateway.log.errors).toEqual([]);
  });

  it('is refused among 5,000', async () => {
    await using gateway = await startGateway({
      settings: { MAX_OPERATIONS_PER_SOCKET: String(MAX_OPERATIONS) },
    });
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < 5000; index++) client.subscribe(`s${index}`, WATCH_ALL);
    await client.processed();
    await until(() => client.pending.length, 2 * (5000 - MAX_OPERATIONS));
    expect(new Set(client.pending.map(({ type }) => type))).toEqual(new Set(['next', 'complete']));
    expect(gateway.store.listenerCount).toBe(MAX_OPERATIONS);
  });

  it('does not count an id that is reused right after its completion', async () => {
    await using gateway = await startGateway({
      settings: { MAX_OPERATIONS_PER_SOCKET: String(MAX_OPERATIONS) },
    });
    using client = await WsClient.connect(gateway.url);
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    const watch = (round: number) => {
      client.subscribe(
        'same',
        `subscription ($id: ID!) { r${round}: videoJobUpdated(id: $id) { version } }`,
        { id },
      );
    };
    watch(0);
    for (let round = 1; round <= 2 * MAX_OPERATIONS; round += 1) {
      expect((await client.result('same')).data).toEqual({ [`r${round - 1}`]: { version: 1 } });
      client.complete('same');
      watch(round);
    }
    const last = `r${2 * MAX_OPERATIONS}`;
    expect((await client.result('same')).data).toEqual({ [last]: { version: 1 } });
    await mover.move(id, { type: 'submit-started' });
    expect((await client.result('same')).data).toEqual({ [last]: { version: 2 } });
    client.complete('same');
    await until(() => gateway.store.listenerCount, 0);
    expect(client.pending).toEqual([]);
  });

  it('is refused although the client has completed operations that are still running', async () => {
    const released = Promise.withResolvers<void>();
    let running = 0;
    await using gateway = await startGateway({
      settings: { MAX_OPERATIONS_PER_SOCKET: String(MAX_OPERATIONS) },
      wrapStore: (store) =>
        overrideStore(store, {
          list: async (query) => {
            running += 1;
            await released.promise;
            return store.list(query);
          },
        }),
    });
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < MAX_OPERATIONS; index++) {
      client.subscribe('same', LIST);
      client.complete('same');
    }
    await until(() => running, MAX_OPERATIONS);
    client.subscribe('more', LIST);
    expect(await client.result('more')).toEqual({ errors: TOO_MANY });
    released.resolve();
    await until(() => running, MAX_OPERATIONS);
    client.subscribe('later', LIST);
    expect((await client.result('later')).data).toEqual({ videoJobs: { nodes: [] } });
  });
});

it.each(['{ __typename }', LIST, '{ videoJob(id: "x") { id } }', '{ nope }', '{'])(
  '5,000 concurrent operations %s are all answered',
  async (query) => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < 5000; index++) client.subscribe(`q${index}`, query);
    await client.processed();
    await until(() => new Set(client.pending.map(({ id }) => id)).size, 5000);
    expect(JSON.stringify(client.pending)).not.toContain('TOO_MANY_OPERATIONS');
  },
);
