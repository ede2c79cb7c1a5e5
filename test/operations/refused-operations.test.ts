import { expect, it } from 'vitest';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { signToken, SIGN_IN } from '../auth/tokens.ts';
import { collect } from '../support/events.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { http, postBody } from '../support/gateway/http.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

const NAME = '{ __typename }';
const WATCH_ALL = 'subscription { videoJobsUpdated { id } }';
const CANCEL = 'mutation{cancelVideoJob(id:"1"){__typename}}';

it('an operation that a transport refuses is emitted once, with what is known of it', async () => {
  const events = new GatewayEvents();
  const settings = { ...SIGN_IN, MAX_STREAMS_PER_OWNER: '1' };
  await using gateway = await startGateway({ events, settings });
  const operations = collect(events, 'operation');
  const faults = collect(events, 'fault');
  const { url } = gateway;
  const headers = { authorization: `Bearer ${await signToken()}` };
  const body = JSON.stringify({ query: NAME });
  await postBody(url, body, { authorization: 'Bearer wrong' });
  await postBody(url, body, { ...headers, accept: 'image/png' });
  await postBody(url, '{', headers);
  await postBody(url, `[${body},${body}]`, headers);
  await http(`${url}/graphql?query=${CANCEL}`, { headers });
  using _ = await SseClient.open(url, WATCH_ALL, { headers });
  using second = await SseClient.open(url, WATCH_ALL, { headers });
  await second.result();
  await postBody(url, body, headers);
  const refused = { transport: 'http', outcome: 'refused', kind: null, fields: [] };
  const watching = { transport: 'event-stream', kind: 'subscription', fields: ['videoJobsUpdated'] };
  expect(operations).toMatchObject([
    { ...refused, errorCode: 'UNAUTHENTICATED' },
    { ...refused, errorCode: 'NOT_ACCEPTABLE' },
    { ...refused, errorCode: 'BAD_REQUEST' },
    { ...refused, errorCode: 'BATCHING_NOT_SUPPORTED' },
    { ...refused, kind: 'mutation', fields: ['cancelVideoJob'] },
    { ...watching, outcome: 'ok' },
    { ...watching, outcome: 'refused', errorCode: 'TOO_MANY_STREAMS' },
    { transport: 'http', kind: 'query', outcome: 'ok' },
  ]);
  expect(faults).toEqual([]);
});

it('an operation that a WebSocket refuses is emitted once', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({
    events,
    settings: { ...SIGN_IN, MAX_OPERATIONS_PER_SOCKET: '1' },
  });
  const operations = collect(events, 'operation');
  const headers = { authorization: `Bearer ${await signToken()}` };
  using client = await WsClient.connect(gateway.url, { headers });
  client.subscribe('1', WATCH_ALL);
  await expect.poll(() => operations.length).toBe(1);
  client.subscribe('2', NAME);
  await client.result('2');
  using stranger = await WsClient.connect(gateway.url);
  stranger.subscribe('1', NAME);
  await expect.poll(() => operations.length).toBe(3);
  const refused = { transport: 'websocket', kind: null, fields: [], outcome: 'refused' };
  expect(operations).toMatchObject([
    { kind: 'subscription', outcome: 'ok' },
    { ...refused, errorCode: 'TOO_MANY_OPERATIONS' },
    { ...refused, errorCode: 'UNAUTHENTICATED' },
  ]);
});
