import { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readBody } from '../../../../src/transports/http/graphql/read-body.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { exchange, http, postBody } from '../../../support/gateway/http.ts';
import { FORM, MIB, pngOf, rawForm, uploadOf } from '../../../support/gateway/upload.ts';
import { until } from '../../../support/until.ts';

const QUERY = '{"query":"{ __typename }"}';
const SECOND = 1000;
const KIB = 1024;

/** A request whose bytes the test sends. */
class Request extends IncomingMessage {
  constructor() {
    super(new Socket());
  }

  override _read(): void {}
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

/** A connection that records the received text. */
function open(
  gateway: Gateway,
  bytes = '',
): { socket: Socket; received: () => string; closed: () => boolean } {
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  return { socket, received: () => received, closed: () => socket.closed };
}

function head(contentType: string, contentLength: number): string {
  return `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: ${contentType}\r\nContent-Length: ${contentLength}\r\n\r\n`;
}

describe('a body', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['of JSON', 'application/json', QUERY],
    ['with a file', FORM, rawForm(uploadOf(pngOf(1000))).toString('latin1')],
  ])('%s that stops is answered 408 with a message, and the connection is closed', async (_, type, body) => {
    await using gateway = await startGateway();
    const { received, closed } = open(gateway, head(type, body.length) + body.slice(0, 10));
    for (let seconds = 0; seconds < 1000 && !closed(); seconds++) {
      vi.advanceTimersByTime(SECOND);
      await setImmediate();
    }
    await until(closed, true);
    expect(received()).toMatch(/^HTTP\/1.1 408 [^]*connection: close[^]*"code":"REQUEST_TIMEOUT"/i);
    expect(received()).toContain('The body made no progress for 20 seconds');
    expect(gateway.log.errors).toEqual([]);
  });

  it.each([
    ['stops', 'too-slow', 20, [10, ...zeros(30)]],
    ['stops for 19 seconds at a time', 'whole', 39, [10, ...zeros(18), 200_000, ...zeros(18), 10]],
    ['trickles', 'too-slow', 31, Array.from({ length: 60 }, () => 1)],
    ['comes at 15 KiB a second', 'too-slow', 481, Array.from({ length: 700 }, () => 15 * KIB)],
    ['comes at 16 KiB a second', 'whole', 640, Array.from({ length: 640 }, () => 16 * KIB)],
    ['of 9 MB comes at 1 Mbit/s', 'whole', 72, Array.from({ length: 72 }, () => 125_000)],
  ])('that %s is %s after %i seconds', async (_, type, seconds, pieces) => {
    let done: [type: string, seconds: number] | undefined;
    let passed = 0;
    const request = new Request();
    const length = pieces.reduce((sum, piece) => sum + piece, 0);
    request.headers = { 'content-length': String(length) };
    const reading = Promise.resolve(readBody(request, 11 * MIB)).then((body) => {
      done = [body.type, passed];
    });
    for (const piece of pieces) {
      if (piece > 0) request.push(Buffer.alloc(piece));
      // Sent in a separate turn of the event loop.
      await setImmediate();
      passed += 1;
      if (passed === pieces.length) request.push(null);
      else vi.advanceTimersByTime(SECOND);
      await setImmediate();
      if (done !== undefined) break;
    }
    if (type === 'too-slow' && done === undefined) vi.advanceTimersByTime(SECOND);
    await reading;
    expect(done).toEqual([type, seconds]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('the oldest incomplete bodies lose their connections when all hold more than 64 MiB', async () => {
  await using gateway = await startGateway();
  const almost = Buffer.alloc(MIB - 1, ' ');
  const clients = Array.from({ length: 80 }, () => {
    const client = open(gateway, head('application/json', MIB));
    client.socket.write(almost);
    return client;
  });
  // Bytes that arrived together with a head are not counted.
  await until(() => clients.filter(({ closed }) => closed()).length >= 8, true);
  expect(clients.slice(-50).some(({ closed }) => closed())).toBe(false);
  const { status } = await postBody(gateway.url, QUERY);
  expect(status).toBe(200);
  for (const { socket } of clients) socket.destroy();
  expect(gateway.log.errors).toEqual([]);
});

describe('Node checks timeouts every second', () => {
  const times = { keepAliveMs: 300, headersMs: 500, requestMs: 1000 };

  it.concurrent.each([
    ['a head', 'POST /graphql HTTP/1.1\r\nHos'],
    ['nothing', ''],
    ['a body that nobody reads', 'POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'],
  ])('a client that sends half of %s is disconnected', async (_, bytes) => {
    await using gateway = await startGateway({ server: { times } });
    const start = performance.now();
    const { closed } = open(gateway, bytes);
    await until(closed, true);
    // Without the interval it would be 30 seconds.
    expect(performance.now() - start).toBeLessThan(9000);
    expect(gateway.log.errors).toEqual([]);
  });

  it.concurrent('a late head is answered 408 with a message', async () => {
    await using gateway = await startGateway({ server: { times } });
    const answer = await exchange(gateway.port, 'POST /graphql HTTP/1.1\r\nHos');
    expect(answer).toMatch(/^HTTP\/1.1 408 [^]*application\/json[^]*"code":"REQUEST_TIMEOUT"/);
  });

  it('a request that is not HTTP is answered 400 with a message', async () => {
    await using gateway = await startGateway();
    expect(await exchange(gateway.port, 'nonsense\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400 [^]*"code":"BAD_REQUEST"/,
    );
  });
});

describe('idle connections', () => {
  it('stay open longer than those of load balancers', async () => {
    await using gateway = await startGateway();
    const { headers } = await http(`${gateway.url}/healthz`);
    expect(headers.get('keep-alive')).toBe('timeout=75');
  });

  it('are closed after a delay when the server stops: requests that were sent before are answered', async () => {
    await using gateway = await startGateway({ server: { idleGraceMs: 5000 } });
    const get = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
    const clients = Array.from({ length: 100 }, () => open(gateway, get));
    await until(() => clients.every(({ received }) => received().includes('"ok"')), true);
    const start = performance.now();
    const stopped = gateway.stop();
    const post = head('application/json', QUERY.length) + QUERY;
    for (const { socket } of clients) socket.write(post);
    await stopped;
    await until(() => clients.every(({ closed }) => closed()), true);
    const answers = clients.filter(({ received }) => received().includes('{"data":{"__typename":"Query"}}'));
    expect(answers.length).toBe(100);
    // Each answer closes its connection, so the stop need not wait.
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('that stay idle are closed after the delay', async () => {
    await using gateway = await startGateway({ server: { idleGraceMs: 100 } });
    const { received, closed } = open(gateway, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => received().includes('"ok"'), true);
    await gateway.stop();
    await until(closed, true);
    expect(gateway.log.errors).toEqual([]);
  });
});
