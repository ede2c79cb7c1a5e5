import { expect, it } from 'vitest';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { collect } from '../support/events.ts';
import { CallbackRouter } from '../support/gateway/callback-router.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { extensionFor, subscribe } from '../transports/callback/callback-gateway.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';
const MIB = 1024 * 1024;

it('an operation is emitted with the schema’s names of its root fields, never a client’s', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const operations = collect(events, 'operation');
  const { url } = gateway;
  await graphql(
    url,
    'query Mine { b: videoJobs { pageInfo { hasNextPage } } ...F } fragment F on Query { a: __typename, videoJobs { pageInfo { hasNextPage } } }',
  );
  await graphql(url, 'mutation { cancelVideoJob(id: "none") { __typename } }');
  await graphql(url, '{ videoJob(id: "1") { nothing } }');
  await graphql(url, '{');
  using client = await WsClient.connect(url);
  client.subscribe('1', '{ __typename }');
  await client.result('1');
  expect(operations).toMatchObject([
    { kind: 'query', fields: ['__typename', 'videoJobs'], transport: 'http', outcome: 'ok', errorCode: null },
    { kind: 'mutation', fields: ['cancelVideoJob'], outcome: 'ok' },
    { kind: null, fields: [], outcome: 'refused', errorCode: 'GRAPHQL_VALIDATION_FAILED' },
    { kind: null, fields: [], outcome: 'refused', errorCode: 'GRAPHQL_PARSE_FAILED' },
    { kind: 'query', fields: ['__typename'], transport: 'websocket', outcome: 'ok' },
  ]);
  expect(operations[0]).toMatchObject({ startedAt: gateway.clock.now(), durationMs: 0 });
});

it.each(TRANSPORTS)(
  'a subscription by $name is emitted from its opening to its end',
  async ({ name, open }) => {
    const events = new GatewayEvents();
    await using gateway = await startGateway({ events });
    const opened = collect(events, 'subscription:open');
    const messages = collect(events, 'subscription:message');
    const ends = collect(events, 'subscription:end');
    const operations = collect(events, 'operation');
    const mover = new JobMover(gateway);
    const job = await mover.accept();
    const transport = name === 'WebSocket' ? 'websocket' : 'event-stream';
    const subscription = { field: 'videoJobUpdated', transport };
    {
      using stream = await open(gateway.url, WATCH, { id: job.id });
      await stream.result();
      expect(opened).toEqual([subscription]);
      expect(operations).toMatchObject([{ kind: 'subscription', transport, outcome: 'ok' }]);
      expect(messages).toMatchObject([{ ...subscription, job: { id: job.id, version: 1 } }]);
    }
    await expect.poll(() => ends).toMatchObject([{ ...subscription, events: 1, reason: 'client' }]);
    using stream = await open(gateway.url, WATCH, { id: job.id });
    await stream.result();
    await mover.move(job.id, ...WHOLE_LIFE);
    await expect.poll(() => ends.length).toBe(2);
    expect(ends[1]).toMatchObject({ reason: 'completed' });
    expect(messages.at(-1)?.job).toMatchObject({ phase: 'completed' });
  },
);

it('a subscription of a router is one by callback', async () => {
  await using router = await CallbackRouter.start();
  const events = new GatewayEvents();
  const settings = { CALLBACK_ORIGINS: router.origin };
  await using gateway = await startGateway({ events, settings });
  const opened = collect(events, 'subscription:open');
  const { id } = await new JobMover(gateway).accept();
  const variables = { id };
  await subscribe(gateway, { query: WATCH, variables, subscription: extensionFor(router) });
  await expect.poll(() => opened).toEqual([{ field: 'videoJobUpdated', transport: 'callback' }]);
});

it('a client that reads too slowly is emitted when it misses versions', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const slow = collect(events, 'client:slow');
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  using client = await WsClient.connect(gateway.url);
  client.subscribe(
    '1',
    'subscription ($id: ID!) { videoJobUpdated(id: $id) { version request { prompt } } }',
    { id },
  );
  await client.next('1');
  client.socket.pause();
  for (let version = 0; version < 30; version += 1) await mover.grow(id, MIB);
  expect(slow).toEqual([]);
  client.socket.resume();
  await expect.poll(() => slow).toContainEqual({ transport: 'websocket', consequence: 'skipped' });
});
