import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AnswerBudget } from '../../../../src/graphql/answer-budget.ts';
import type { SlowClientLimits } from '../../../../src/transports/http/connection-limits.ts';
import { NO_EVENTS } from '../../../support/events.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { SseClient } from '../../../support/gateway/sse-client.ts';
import { WsClient } from '../../../support/gateway/ws-client.ts';
import { until } from '../../../support/until.ts';

const MIB = 1024 * 1024;
const VIDEO_BYTES = 20 * MIB;
const SWEEP_MS = 1000;
const PING_MS = 30_000;
const WRITE_TIMEOUT_MS = 300;
const SHORT = { writeTimeoutMs: WRITE_TIMEOUT_MS, maxUnreadBytes: 1024 * MIB };
const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { video { base64 } } }';

const serverSide: Socket[] = [];
const remember = (message: unknown) => {
  const socket: unknown = Object(message).socket;
  if (socket instanceof Socket) serverSide.push(socket);
};

beforeEach(() => {
  serverSide.length = 0;
  subscribe('net.server.socket', remember);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  unsubscribe('net.server.socket', remember);
  vi.useRealTimers();
});

interface WithVideo {
  readonly gateway: Gateway;
  readonly id: string;
}

/** A gateway with one finished job, whose video is large and kept in the store. */
async function withVideo(slowClientLimits: SlowClientLimits = SHORT): Promise<WithVideo> {
  // More than the answers of these tests need.
  const gateway = await startGateway({
    server: { slowClientLimits },
    answers: new AnswerBudget(NO_EVENTS, 1024 * MIB),
  });
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  await mover.move(id, ...WHOLE_LIFE.slice(0, -1));
  await mover.collectInline(id, 'A'.repeat(VIDEO_BYTES));
  return { gateway, id };
}

/** Pipelines requests for the video. The socket is paused. */
function ask({ gateway, id }: WithVideo, times = 1, method: 'GET' | 'POST' = 'GET'): Socket {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  const query = `{videoJob(id:"${id}"){video{base64}}}`;
  const body = JSON.stringify({ query });
  const request = {
    GET: `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    POST: `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  }[method];
  socket.write(request.repeat(times));
  return socket;
}

/** The state of the server's connections: `cut`, or open, with unread bytes (`full`) or without (`empty`). */
function sides(): string[] {
  return serverSide.map(({ destroyed, writableLength }) =>
    destroyed ? 'cut' : writableLength > 0 ? 'full' : 'empty',
  );
}

/** Reads 6 MB a second for this time. @returns the number of bytes read */
async function readSlowly(socket: Socket, durationMs: number): Promise<number> {
  let received = 0;
  let allowed = 0;
  const count = (data: Buffer) => {
    received += data.length;
    if (received >= allowed) socket.pause();
  };
  socket.on('data', count);
  for (const end = performance.now() + durationMs; performance.now() < end; await delay(20)) {
    allowed += 120_000;
    if (received < allowed) socket.resume();
    vi.advanceTimersByTime(SWEEP_MS);
  }
  socket.pause();
  socket.off('data', count);
  return received;
}

it('a client that does not read its answer is disconnected', async () => {
  const { gateway, id } = await withVideo();
  await using _ = gateway;
  const sockets = [ask({ gateway, id }), ask({ gateway, id }, 3)];
  await until(sides, ['full', 'full']);
  vi.advanceTimersByTime(SWEEP_MS);
  await until(sides, ['cut', 'cut']);
  for (const socket of sockets) socket.destroy();
  expect(gateway.log.errors).toEqual([]);
});

it('a client that reads slowly gets its whole answer', async () => {
  const writeTimeoutMs = 600;
  const { gateway, id } = await withVideo({ ...SHORT, writeTimeoutMs });
  await using _ = gateway;
  const socket = ask({ gateway, id });
  await until(sides, ['full']);
  let received = await readSlowly(socket, 3 * writeTimeoutMs);
  expect(received).toBeGreaterThan(MIB);
  expect(sides()).toEqual(['full']);
  socket.on('data', (data) => {
    received += data.length;
  });
  socket.resume();
  await until(() => received > VIDEO_BYTES, true);
  socket.destroy();
});

it('a connection stays open while it waits for its answer and afterwards', async () => {
  await using gateway = await startGateway({ server: { slowClientLimits: SHORT } });
  const { id } = await new JobMover(gateway).accept();
  using stream = await SseClient.open(gateway.url, WATCH, { variables: { id } });
  await stream.result();
  using client = await WsClient.connect(gateway.url);
  for (let count = 0; count < 3; count++) {
    vi.advanceTimersByTime(SWEEP_MS);
    await delay(WRITE_TIMEOUT_MS);
  }
  await client.processed();
  expect(sides()).toEqual(['empty', 'empty']);
});

it('the client of an unread event stream is disconnected', async () => {
  const { gateway, id } = await withVideo();
  await using _ = gateway;
  using stream = await SseClient.open(gateway.url, WATCH, { variables: { id } });
  stream.response.pause();
  await until(sides, ['full']);
  vi.advanceTimersByTime(SWEEP_MS);
  await until(() => [sides(), gateway.store.listenerCount], [['cut'], 0]);
  expect(gateway.log.errors).toEqual([]);
});

it('the client of an unread WebSocket is disconnected', async () => {
  const { gateway, id } = await withVideo();
  await using _ = gateway;
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH, { id });
  client.socket.pause();
  await until(sides, ['full']);
  vi.advanceTimersByTime(SWEEP_MS);
  await until(() => gateway.webSockets.size, 0);
  expect(gateway.log.errors).toEqual([]);
});

it('a slow WebSocket is not terminated for pings that it has not received yet', async () => {
  const { gateway, id } = await withVideo({ ...SHORT, writeTimeoutMs: 60_000 });
  await using _ = gateway;
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH, { id });
  client.socket.pause();
  await until(sides, ['full']);
  vi.advanceTimersByTime(10 * PING_MS);
  expect(gateway.webSockets.size).toBe(1);
  client.socket.resume();
  const { data } = await client.result<{ videoJobUpdated: { video: { base64: string } } }>('1');
  expect(data?.videoJobUpdated.video.base64).toHaveLength(VIDEO_BYTES);
  await client.processed();
});

it.each(['GET', 'POST'] as const)(
  'above the limit of all unread bytes the clients with the most unread bytes are disconnected: %s',
  async (method) => {
    const { gateway, id } = await withVideo({ writeTimeoutMs: 60_000, maxUnreadBytes: 50 * MIB });
    await using _ = gateway;
    const small = [ask({ gateway, id }, 1, method), ask({ gateway, id }, 1, method)];
    await until(sides, ['full', 'full']);
    const large = ask({ gateway, id }, 3, method);
    await until(sides, ['full', 'full', 'full']);
    await delay(100);
    vi.advanceTimersByTime(SWEEP_MS);
    expect(sides()).toEqual(['full', 'full', 'cut']);
    for (const socket of [...small, large]) socket.destroy();
  },
);
