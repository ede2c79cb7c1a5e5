import { expect, it } from 'vitest';
import { settled } from '../support/fake-clock.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { answerOf, postBody } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { HOUR } from '../support/times.ts';
import { until } from '../support/until.ts';
import { signToken, START, SIGN_IN } from './tokens.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';

const start = () => startGateway({ settings: SIGN_IN });

async function acceptJob(gateway: Gateway): Promise<string> {
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  return id;
}

it.each([
  ['good for a minute', START + 60, 60_000],
  ['let through for the skew of clocks', START - 10, 20_000],
])('a token that is %s closes its socket when it expires, and a new one works', async (_, exp, lastsMs) => {
  await using gateway = await start();
  const jobs = new JobMover(gateway);
  const { id } = await jobs.accept({ ownerId: 'ada' });
  using client = await WsClient.open(gateway.url);
  client.send({ type: 'connection_init', payload: { authorization: `Bearer ${await signToken({ exp })}` } });
  await client.next();
  client.subscribe('1', WATCH, { id });
  await client.result('1');
  await gateway.clock.advance(lastsMs - 1);
  await client.processed();
  await gateway.clock.advance(1);
  expect(await client.closed).toEqual({ code: 4403, reason: 'The token has expired' });
  await until(() => gateway.store.listenerCount, 0);
  expect(gateway.clock.sleeping).toBe(0);
  await jobs.move(id, { type: 'submit-started' });
  const headers = { authorization: `Bearer ${await signToken()}` };
  using again = await WsClient.connect(gateway.url, { headers });
  const query = 'subscription ($id: ID!) { videoJobUpdated(id: $id, sinceVersion: 1) { version } }';
  again.subscribe('1', query, { id });
  expect(await again.result('1')).toEqual({ data: { videoJobUpdated: { version: 2 } } });
});

it('an expired token closes its socket before a subscription ends with an error', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  const headers = { authorization: `Bearer ${await signToken({ exp: START + 25 * 3600 })}` };
  using client = await WsClient.connect(gateway.url, { headers });
  // The socket’s timer is longer than a day, so it is set twice: the second time after the timer of the subscription.
  await gateway.clock.advance(2 * HOUR);
  client.subscribe('1', WATCH, { id });
  await client.result('1');
  await gateway.clock.advance(23 * HOUR);
  expect(await client.closed).toEqual({ code: 4403, reason: 'The token has expired' });
  expect(client.pending).toEqual([]);
});

it('ends an event stream with an error that asks for a new token', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  const headers = { authorization: `Bearer ${await signToken({ exp: START + 60 })}` };
  using client = await SseClient.open(gateway.url, WATCH, { variables: { id }, headers });
  await client.result();
  await gateway.clock.advance(60_000);
  const { errors } = await client.result();
  expect(errors?.[0]).toMatchObject({
    message: 'The token has expired. Subscribe again with a new one.',
    extensions: { code: 'UNAUTHENTICATED' },
  });
  expect((await client.next()).event).toBe('complete');
  await until(() => gateway.store.listenerCount, 0);
  expect(gateway.log.errors).toEqual([]);
});

it('an expired token of one operation ends only this operation', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  using client = await WsClient.connect(gateway.url);
  for (const [name, exp] of [
    ['1', START + 60],
    ['2', START + 120],
  ] as const) {
    const extensions = { headers: { Authorization: `Bearer ${await signToken({ exp })}` } };
    client.send({ id: name, type: 'subscribe', payload: { query: WATCH, variables: { id }, extensions } });
    await client.result(name);
  }
  await gateway.clock.advance(60_000);
  const [error] = await client.refusal('1');
  expect(error?.extensions?.['code']).toBe('UNAUTHENTICATED');
  await client.processed();
  expect(gateway.store.listenerCount).toBe(1);
});

it('a subscription that ends before its token expires leaves no timer', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  const headers = { authorization: `Bearer ${await signToken()}` };
  const client = await SseClient.open(gateway.url, WATCH, { variables: { id }, headers });
  await client.result();
  // One timer for the token, one for heartbeats, and one that reads the watched job again.
  expect(gateway.clock.sleeping).toBe(3);
  client[Symbol.dispose]();
  await until(() => gateway.clock.sleeping, 0);
});

it('a socket without a caller and without operations is closed after ten seconds', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  using idle = await WsClient.connect(gateway.url);
  using busy = await WsClient.connect(gateway.url);
  const extensions = { headers: { authorization: `Bearer ${await signToken()}` } };
  busy.send({ id: '1', type: 'subscribe', payload: { query: WATCH, variables: { id }, extensions } });
  await busy.result('1');
  await gateway.clock.advance(9999);
  await idle.processed();
  await gateway.clock.advance(1);
  expect((await idle.closed).code).toBe(4401);
  await busy.processed();
  busy.complete('1');
  await busy.processed();
  await gateway.clock.advance(10_000);
  await settled();
  expect((await busy.closed).code).toBe(4401);
});

it('sockets without a token are limited: the oldest is closed for a new one', async () => {
  await using gateway = await start();
  using oldest = await WsClient.connect(gateway.url);
  const sockets = await Promise.all(Array.from({ length: 99 }, () => WsClient.connect(gateway.url)));
  using one = await WsClient.connect(gateway.url);
  expect((await oldest.closed).code).toBe(1013);
  await one.processed();
  using known = await WsClient.connect(gateway.url, {
    headers: { authorization: `Bearer ${await signToken()}` },
  });
  await known.processed();
  for (const socket of sockets) socket[Symbol.dispose]();
  await until(() => gateway.webSockets.size, 2);
});

it('a socket whose operation had a token is not closed for others', async () => {
  await using gateway = await start();
  const id = await acceptJob(gateway);
  using busy = await WsClient.connect(gateway.url);
  const extensions = { headers: { authorization: `Bearer ${await signToken()}` } };
  busy.send({ id: '1', type: 'subscribe', payload: { query: WATCH, variables: { id }, extensions } });
  await busy.result('1');
  const sockets = await Promise.all(Array.from({ length: 101 }, () => WsClient.connect(gateway.url)));
  expect(await sockets[0]?.closed).toMatchObject({ code: 1013 });
  await busy.processed();
  for (const socket of sockets) socket[Symbol.dispose]();
});

it.each([7, {}, ['a'], true])('the token %j is invalid, not absent', async (authorization) => {
  await using gateway = await start();
  using client = await WsClient.open(gateway.url);
  client.send({ type: 'connection_init', payload: { authorization } });
  expect((await client.closed).code).toBe(4403);
});

it('a job token expires to the second, not later than its creator’s, and does not count as a stream of the owner', async () => {
  await using gateway = await startGateway({ settings: { ...SIGN_IN, MAX_STREAMS_PER_OWNER: '1' } });
  const id = await acceptJob(gateway);
  const token = await signToken({ exp: START + 60 });
  const query = `mutation { createJobToken(id: "${id}", ttlSeconds: 3600) { token expiresAt } }`;
  const { text } = await postBody(gateway.url, JSON.stringify({ query }), {
    authorization: `Bearer ${token}`,
  });
  const made = answerOf<{ createJobToken: { token: string; expiresAt: string } }>(text).data?.createJobToken;
  expect(made?.expiresAt).toBe(new Date((START + 60) * 1000).toISOString());
  const ofJob = { authorization: `Bearer ${made?.token}` };
  using watcher = await WsClient.connect(gateway.url, { headers: ofJob });
  using owner = await WsClient.connect(gateway.url, { headers: { authorization: `Bearer ${token}` } });
  await owner.processed();
  await watcher.processed();
  await gateway.clock.advance(60_000);
  expect((await watcher.closed).code).toBe(4403);
  const late = await postBody(
    gateway.url,
    JSON.stringify({ query: `{ videoJob(id: "${id}") { id } }` }),
    ofJob,
  );
  expect(late.status).toBe(401);
});

it('an owner has a limited number of sockets and streams, and may open one when another closes', async () => {
  await using gateway = await startGateway({ settings: { ...SIGN_IN, MAX_STREAMS_PER_OWNER: '2' } });
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  const headers = { authorization: `Bearer ${await signToken()}` };
  const socket = await WsClient.connect(gateway.url, { headers });
  using stream = await SseClient.open(gateway.url, WATCH, { variables: { id }, headers });
  await stream.result();
  using refused = await WsClient.open(gateway.url, undefined, { headers });
  refused.send({ type: 'connection_init' });
  expect((await refused.closed).code).toBe(1013);
  using other = await SseClient.open(gateway.url, WATCH, { variables: { id }, headers });
  expect((await other.result()).errors?.[0]?.extensions?.['code']).toBe('TOO_MANY_STREAMS');
  using bob = await WsClient.connect(gateway.url, {
    headers: { authorization: `Bearer ${await signToken({ sub: 'bob' })}` },
  });
  await bob.processed();
  socket[Symbol.dispose]();
  await until(() => gateway.webSockets.size, 1);
  using again = await WsClient.connect(gateway.url, { headers });
  await again.processed();
});
