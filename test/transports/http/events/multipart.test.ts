import { describe, expect, it } from 'vitest';
import { SIGN_IN, signToken, START } from '../../../auth/tokens.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { postBody } from '../../../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { APOLLO_ACCEPT, MultipartClient } from '../../../support/gateway/multipart-client.ts';
import { SseClient } from '../../../support/gateway/sse-client.ts';
import { until } from '../../../support/until.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';
const WATCH_ALL = 'subscription { videoJobsUpdated { version } }';
const HEAD = 'Content-Type: application/json';
const MULTIPART_TYPE = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0';
const MIB = 1024 * 1024;

describe('a multipart subscription', () => {
  it('is written as Apollo’s protocol says, byte by byte', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE);
    using stream = await MultipartClient.open(gateway.url, WATCH, { variables: { id } });
    await stream.completed();
    expect(stream.received).toBe(
      `\r\n--graphql\r\n${HEAD}\r\n\r\n{"payload":{"data":{"videoJobUpdated":{"version":6}}}}\r\n--graphql--\r\n`,
    );
    const { statusCode, headers } = stream.response;
    expect([statusCode, headers['content-type']]).toEqual([200, MULTIPART_TYPE]);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
      vary: 'accept, origin',
    });
    expect(gateway.store.listenerCount).toBe(0);
  });

  it.each([
    APOLLO_ACCEPT,
    'multipart/mixed;subscriptionSpec=1.0',
    'multipart/mixed; subscriptionSpec="1.0", application/json',
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json',
    'multipart/mixed;subscriptionSpec=1.0, application/graphql-response+json, application/json;q=0.9',
    'application/json, multipart/mixed;subscriptionSpec=1.0, text/event-stream',
  ])('is chosen by Accept: %s', async (accept) => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    using stream = await MultipartClient.open(gateway.url, WATCH, { accept, variables: { id } });
    expect(stream.response.headers['content-type']).toBe(MULTIPART_TYPE);
    expect(await stream.part()).toEqual({ payload: { data: { videoJobUpdated: { version: 1 } } } });
  });

  it.each(['text/event-stream, multipart/mixed;subscriptionSpec=1.0', '*/*'])(
    'is not chosen by Accept: %s',
    async (accept) => {
      await using gateway = await startGateway();
      const { id } = await new JobMover(gateway).accept();
      using stream = await SseClient.open(gateway.url, WATCH, { accept, variables: { id } });
      expect(stream.response.headers['content-type']).toBe('text/event-stream');
    },
  );

  it('delivers the feed of all jobs', async () => {
    await using gateway = await startGateway();
    using stream = await MultipartClient.open(gateway.url, WATCH_ALL);
    await until(() => gateway.store.listenerCount, 1);
    await new JobMover(gateway).accept();
    expect(await stream.part()).toEqual({ payload: { data: { videoJobsUpdated: { version: 1 } } } });
  });

  it('ends with an error when the token expires', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
    const headers = { authorization: `Bearer ${await signToken({ exp: START + 5 })}` };
    using stream = await MultipartClient.open(gateway.url, WATCH, { variables: { id }, headers });
    await stream.part();
    await gateway.clock.advance(5000);
    expect(await stream.part()).toEqual({
      payload: null,
      errors: [
        {
          message: 'The token has expired. Subscribe again with a new one.',
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
    await stream.completed();
  });

  it('is cut without the closing delimiter when the gateway stops', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    using stream = await MultipartClient.open(gateway.url, WATCH, { variables: { id } });
    await stream.part();
    await gateway.stop();
    expect(await stream.closed).toBe('cut');
    expect(stream.received).not.toContain('--graphql--');
    await until(() => gateway.store.listenerCount, 0);
  });

  it('counts as a stream of its owner', async () => {
    await using gateway = await startGateway({ settings: { ...SIGN_IN, MAX_STREAMS_PER_OWNER: '1' } });
    const headers = { authorization: `Bearer ${await signToken()}` };
    using _ = await MultipartClient.open(gateway.url, WATCH_ALL, { headers });
    using refused = await MultipartClient.open(gateway.url, WATCH_ALL, { headers });
    expect(refused.response.statusCode).toBe(429);
    expect((await refused.result()).errors).toMatchObject([{ extensions: { code: 'TOO_MANY_STREAMS' } }]);
  });

  it('of a client that stops reading skips versions, gets the last one, and takes little memory', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    const query = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version request { prompt } } }';
    using stream = await MultipartClient.open(gateway.url, query, { variables: { id } });
    await stream.part();
    stream.response.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 40; count++) {
      await mover.grow(id, MIB);
      // A heartbeat would add to what the client has not read.
      await gateway.clock.advance(10_000);
    }
    const { version } = await mover.move(id, ...WHOLE_LIFE);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * MIB);
    stream.response.resume();
    await stream.completed();
    const versions = [...stream.received.matchAll(/"version":(\d+)/g)].map(([, seen]) => Number(seen));
    expect(versions.at(-1)).toBe(version);
    expect(versions.length).toBeLessThan(20);
  });

  it('may be read by a page of an allowed origin', async () => {
    const origin = 'https://app.example.com';
    await using gateway = await startGateway({ settings: { CORS_ORIGINS: origin } });
    const { id } = await new JobMover(gateway).accept();
    for (const accept of [APOLLO_ACCEPT, 'text/event-stream']) {
      using stream = await MultipartClient.open(gateway.url, WATCH, {
        accept,
        variables: { id },
        headers: { origin },
      });
      expect(stream.response.headers['access-control-allow-origin']).toBe(origin);
    }
  });
});

describe('heartbeats', () => {
  it('come every ten seconds, and their timer ends with the last stream', async () => {
    await using gateway = await startGateway();
    const multipart = await MultipartClient.open(gateway.url, WATCH_ALL);
    const events = await SseClient.open(gateway.url, WATCH_ALL);
    await until(() => gateway.store.listenerCount, 2);
    expect(gateway.clock.sleeping).toBe(1);
    await gateway.clock.advance(9999);
    expect(multipart.received).toBe('\r\n--graphql');
    await gateway.clock.advance(20_001);
    for (let count = 0; count < 3; count++) expect(await multipart.part()).toEqual({});
    await until(() => events.received, 'retry: 2000\n\n:\n\n:\n\n:\n\n');
    multipart[Symbol.dispose]();
    await until(() => gateway.store.listenerCount, 1);
    expect(gateway.clock.sleeping).toBe(1);
    await gateway.clock.advance(10_000);
    await until(() => events.received, 'retry: 2000\n\n:\n\n:\n\n:\n\n:\n\n');
    events[Symbol.dispose]();
    await until(() => gateway.clock.sleeping, 0);
    expect(gateway.log.errors).toEqual([]);
  });
});

describe('an answer that is not a stream', () => {
  const DEFER = 'multipart/mixed;deferSpec=20220824, application/json';

  it.each([APOLLO_ACCEPT, DEFER, 'multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed'])(
    'is JSON with Accept: %s',
    async (accept) => {
      await using gateway = await startGateway();
      for (const [query, text] of [
        ['{ __typename }', '{"data":{"__typename":"Query"}}'],
        ['mutation { __typename }', '{"data":{"__typename":"Mutation"}}'],
      ]) {
        const answer = await postBody(gateway.url, JSON.stringify({ query }), { accept });
        expect([answer.status, answer.text]).toEqual([200, text]);
        expect(answer.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
      }
      const { headers, text } = await postBody(gateway.url, JSON.stringify({ query: 'subscription {' }), {
        accept,
      });
      expect(headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
      expect(text).toContain('GRAPHQL_PARSE_FAILED');
    },
  );
});

it.each([
  'multipart/mixed',
  'multipart/mixed;subscriptionSpec=2.0',
  'multipart/mixed;deferSpec=20220824',
  'application/json',
])('a subscription with Accept: %s is refused with 406', async (accept) => {
  await using gateway = await startGateway();
  const { status, text } = await postBody(gateway.url, JSON.stringify({ query: WATCH_ALL }), { accept });
  expect([status, text]).toEqual([406, expect.stringContaining('multipart/mixed;subscriptionSpec=1.0')]);
  expect(gateway.store.listenerCount).toBe(0);
});
