import { expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { WsClient, type WsMessage } from '../../support/gateway/ws-client.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';

/** A client that watches a job and has received its current state. */
async function watch(gateway: Gateway, id: string): Promise<WsClient> {
  const client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH, { id });
  await client.next('1');
  return client;
}

function update(version: number): WsMessage {
  return { id: '1', type: 'next', payload: { data: { videoJobUpdated: { version } } } };
}

it('a subscription completes after its last update, not before', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  using client = await watch(gateway, id);
  const { version } = await mover.move(id, ...WHOLE_LIFE);
  const seen: WsMessage[] = [];
  while (seen.at(-1)?.type !== 'complete') seen.push(await client.next('1'));
  expect(seen.slice(-2)).toEqual([update(version), { id: '1', type: 'complete' }]);
});

it('events from just before a stop are sent before the socket is closed', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  using client = await watch(gateway, id);
  const { version } = await mover.move(id, { type: 'submit-started' });
  await gateway.stop();
  expect((await client.closed).code).toBe(1012);
  expect(client.pending).toEqual([update(version)]);
});
