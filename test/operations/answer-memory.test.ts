import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { AnswerBudget } from '../../src/graphql/answer-budget.ts';
import { SEND } from '../auth/send-operation.ts';
import { listening, NO_EVENTS } from '../support/events.ts';
import { CallbackRouter } from '../support/gateway/callback-router.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { graphql, http, postBody } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { overrideStore } from '../support/override-store.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
/** Bytes that are enough for one list, and not for two. */
const ONE_LIST = 1.5 * MIB;
const LIST = '{ videoJobs(first: 100) { nodes { id request { prompt } } } }';
const QUERIES = ['POST', 'GET', 'SSE by POST', 'WebSocket, header'];

/** A gateway with one finished job, whose video is kept as base64. */
async function withVideo(answers: AnswerBudget) {
  const gateway = await startGateway({ answers });
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  await mover.move(id, ...WHOLE_LIFE.slice(0, -1));
  return { gateway, id, collect: () => mover.collectInline(id, 'A'.repeat(3 * MIB)) };
}

/** Sends a request and reads nothing of the answer. */
function askAndSleep({ port }: Gateway, query: string, times = 1) {
  const body = JSON.stringify({ query });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  const request = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(request.repeat(times));
  return socket;
}

describe('the memory of an answer', () => {
  it.each(QUERIES)(
    'is reserved while it is executed and released when it was read: %s',
    async (transport) => {
      const answers = new AnswerBudget(NO_EVENTS);
      let taken = 0;
      await using gateway = await startGateway({
        answers,
        wrapStore: (store) =>
          overrideStore(store, {
            list: (query) => {
              taken = answers.bytes;
              return store.list(query);
            },
          }),
      });
      // The third POST is answered by the compiled query.
      for (let time = 0; time < 3; time++) {
        taken = 0;
        await SEND[transport]?.(gateway.url, { query: LIST, token: null });
        expect(taken).toBeGreaterThan(100 * 12_000);
        await until(() => answers.bytes, 0);
      }
    },
  );

  it.each(QUERIES)('is released when the operation is refused or fails: %s', async (transport) => {
    const answers = new AnswerBudget(NO_EVENTS);
    await using gateway = await startGateway({
      answers,
      wrapStore: (store) => overrideStore(store, { list: () => Promise.reject(new Error('x')) }),
    });
    for (const query of [LIST, '{ nope }', '{', 'query A { __typename } query B { __typename }']) {
      for (let time = 0; time < 3; time++)
        expect(typeof (await SEND[transport]?.(gateway.url, { query, token: null }))).toBe('string');
    }
    await until(() => answers.bytes, 0);
  });

  it.each(TRANSPORTS)('of a subscription is released at its end: $name', async ({ open }) => {
    const answers = new AnswerBudget(NO_EVENTS);
    const { gateway, id, collect } = await withVideo(answers);
    await using _ = gateway;
    using stream = await open(
      gateway.url,
      'subscription ($id: ID!) { videoJobUpdated(id: $id) { version video { base64 } } }',
      { id },
    );
    await stream.result();
    await collect();
    expect(JSON.stringify((await stream.result()).data)).toContain('AAAA');
    await stream.completed();
    await until(() => answers.bytes, 0);
  });

  it('of a callback subscription is released at its end', async () => {
    await using router = await CallbackRouter.start();
    const answers = new AnswerBudget(NO_EVENTS);
    await using gateway = await startGateway({ answers, settings: { CALLBACK_ORIGINS: router.origin } });
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    const body = {
      query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version video { base64 } } }',
      variables: { id },
      extensions: {
        subscription: { callbackUrl: `${router.origin}/`, subscriptionId: 's', verifier: 'v' },
      },
    };
    await postBody(gateway.url, JSON.stringify(body), { accept: 'application/json' });
    await mover.move(id, ...WHOLE_LIFE.slice(0, -1));
    await mover.collectInline(id, 'A'.repeat(MIB));
    await until(() => router.summaries.at(-1), 'complete');
    await until(() => answers.bytes, 0);
    expect(router.messages.some(({ payload }) => JSON.stringify(payload)?.includes('AAAA'))).toBe(true);
  });

  it('is the unread part, until the client disconnects', async () => {
    const answers = new AnswerBudget(NO_EVENTS, 16 * MIB);
    await using gateway = await startGateway({ answers });
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.grow(id, 8 * MIB);
    const socket = askAndSleep(gateway, `{ videoJob(id: "${id}") { request { prompt } } }`);
    await until(() => answers.bytes > 0, true);
    // An answer that does not fit makes the budget check the readers of the others.
    const waiting = answers.open('another owner').reserve(16 * MIB);
    await until(() => answers.bytes > 7 * MIB, true);
    socket.destroy();
    expect(await waiting).toBeNull();
    expect(answers.bytes).toBe(16 * MIB);
  });

  it('of pipelined requests is released when the client disconnects', async () => {
    const answers = new AnswerBudget(NO_EVENTS);
    await using gateway = await startGateway({ answers });
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.grow(id, 8 * MIB);
    const socket = askAndSleep(gateway, `{ videoJob(id: "${id}") { request { prompt } } }`, 5);
    await until(() => answers.bytes > 4 * 12_000, true);
    socket.destroy();
    await until(() => answers.bytes, 0);
    expect(gateway.log.errors).toEqual([]);
  });

  it('is released when a WebSocket closes during the execution', async () => {
    const answers = new AnswerBudget(NO_EVENTS);
    const released = Promise.withResolvers<void>();
    await using gateway = await startGateway({
      answers,
      wrapStore: (store) =>
        overrideStore(store, {
          list: async (query) => {
            await released.promise;
            return store.list(query);
          },
        }),
    });
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', LIST);
    await until(() => answers.bytes > 0, true);
    client.socket.terminate();
    await until(() => answers.bytes, 0);
    released.resolve();
    await delay(0);
    expect(answers.bytes).toBe(0);
  });
});

describe('when all memory is reserved', () => {
  it('an answer waits for memory', async () => {
    await using gateway = await startGateway({ answers: new AnswerBudget(NO_EVENTS, ONE_LIST, 60_000) });
    const all = await Promise.all(Array.from({ length: 20 }, () => graphql(gateway.url, LIST)));
    expect(all).toEqual(Array.from({ length: 20 }, () => ({ data: { videoJobs: { nodes: [] } } })));
  });

  it('an answer that waited too long is refused', async () => {
    const answers = new AnswerBudget(NO_EVENTS, ONE_LIST, 10);
    await using gateway = await startGateway({ answers });
    const holder = answers.open('another owner');
    expect(holder.reserve(MIB)).toBeNull();
    const refused = await http(`${gateway.url}/graphql?query=${encodeURIComponent(LIST)}`, {
      headers: { accept: 'application/json' },
    });
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({
      errors: [{ extensions: { code: 'TOO_MANY_ANSWERS', retryAfterSeconds: 1 } }],
    });
    // A small answer still fits.
    expect(await graphql(gateway.url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    holder.release();
    expect(await graphql(gateway.url, LIST)).toEqual({ data: { videoJobs: { nodes: [] } } });
  });

  it('one owner gets at most half, but always one answer', async () => {
    const answers = new AnswerBudget(NO_EVENTS, 100, 1);
    const [first, second, other] = [answers.open('ada'), answers.open('ada'), answers.open('bob')];
    expect(first.reserve(40)).toBeNull();
    expect(await second.reserve(20)).toMatchObject({ extensions: { code: 'TOO_MANY_ANSWERS' } });
    expect(other.reserve(60)).toBeNull();
    first.release();
    other.release();
    expect(second.reserve(90)).toBeNull();
  });

  it('a waiting answer gets released memory', async () => {
    const answers = new AnswerBudget(NO_EVENTS, 100, 60_000);
    const first = answers.open('ada');
    expect(first.reserve(80)).toBeNull();
    const second = answers.open('bob').reserve(50);
    first.release();
    expect(await second).toBeNull();
    expect(answers.bytes).toBe(50);
  });

  it('a client that has been reading for 20 seconds is disconnected and emitted as slow', async () => {
    vi.useFakeTimers();
    using _ = { [Symbol.dispose]: () => vi.useRealTimers() };
    const slow: object[] = [];
    const events = listening('client:slow', (event) => slow.push(event));
    const answers = new AnswerBudget(events, 100, 60_000);
    const first = answers.open('ada');
    expect(first.reserve(80)).toBeNull();
    const client = new EventEmitter();
    const destroy = () => client.emit('close');
    first.follow(Object.assign(client, { headersSent: true, closed: false, writableLength: 80, destroy }));
    const second = answers.open('bob').reserve(50);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(slow).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(await second).toBeNull();
    expect(slow).toEqual([{ transport: 'http', consequence: 'closed' }]);
  });
});

it('the videos of one answer have at most 32 MiB together, and a single one any size', async () => {
  const answer = new AnswerBudget(NO_EVENTS).open('ada');
  await answer.reserveVideo(30 * MIB);
  await expect(answer.reserveVideo(1)).rejects.toMatchObject({
    extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' },
  });
});
