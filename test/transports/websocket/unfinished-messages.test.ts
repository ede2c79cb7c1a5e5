import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { until } from '../../support/until.ts';

const KIB = 1024;
const TEXT = 1;
const CONTINUATION = 0;
const PING = 9;

let gateway: Gateway;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  gateway = await startGateway();
});
afterEach(async () => {
  vi.useRealTimers();
  await gateway[Symbol.asyncDispose]();
});

/** A client's frame with the mask 0. */
function frame(opcode: number, payload: string, isLast = true): Buffer {
  const { length } = payload;
  const long = length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (long ? 126 : length);
  if (long) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, Buffer.from(payload)]);
}

const INIT = frame(TEXT, '{"type":"connection_init"}');
const HANDSHAKE =
  'GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

/** A TCP connection that sends an upgrade request and raw bytes after it. */
class RawSocket implements Disposable {
  received = '';
  readonly socket: Socket;

  constructor() {
    this.socket = connect({ port: gateway.port, host: '127.0.0.1' });
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.received += data.toString('latin1');
    });
    this.socket.write(HANDSHAKE);
  }

  static async open(afterwards: Buffer = Buffer.alloc(0)): Promise<RawSocket> {
    const raw = new RawSocket();
    await raw.until('HTTP/1.1 101');
    raw.socket.write(afterwards);
    return raw;
  }

  async until(text: string): Promise<void> {
    await until(() => this.received.includes(text), true);
  }

  /** Resolves when the server has processed all earlier bytes. */
  async processed(): Promise<void> {
    const { length } = this.received;
    this.socket.write(frame(PING, ''));
    await until(() => this.received.length > length, true);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Resolves with the logged errors when the server has no open socket. */
async function errorsAfterClose(): Promise<unknown> {
  await until(() => gateway.webSockets.size, 0);
  return gateway.log.errors;
}

describe('a message with too many fragments closes its socket', () => {
  const fragments = Buffer.concat([
    frame(TEXT, 'a', false),
    ...Array.from({ length: 40 }, () => frame(CONTINUATION, 'a', false)),
  ]);

  it.each([
    ['before connection_init', fragments],
    ['after it', Buffer.concat([INIT, fragments])],
  ])('%s', async (_, bytes) => {
    using raw = await RawSocket.open(bytes);
    // 1008, policy violation.
    await raw.until('\u0003\u00f0');
    raw.socket.end();
    expect(await errorsAfterClose()).toEqual([]);
  });
});

it('clients that are still sending a message over the limit receive the close code, and no reset', async () => {
  const message = Buffer.alloc(14 + 1024 * KIB);
  message.writeUInt16BE(0x81ff);
  message.writeBigUInt64BE(BigInt(1024 * KIB), 2);
  const closed = Array.from({ length: 10 }, async () => {
    using raw = await RawSocket.open(INIT);
    await raw.until('connection_ack');
    raw.socket.end(message);
    await until(() => raw.socket.closed, true);
    // 1009, message too big.
    return raw.received.includes('\u0003\u00f1') && raw.socket.errored === null;
  });
  expect(await Promise.all(closed)).toEqual(closed.map(() => true));
});

it('a message in several fragments with pings between them is read', async () => {
  const [one, two] = ['{"id":"1","type":"subscribe","payload":{"query":', '"{__typename}"}}'];
  using raw = await RawSocket.open(
    Buffer.concat([
      INIT,
      frame(TEXT, one, false),
      frame(PING, 'x'.repeat(125)),
      frame(CONTINUATION, '', false),
      frame(CONTINUATION, two),
    ]),
  );
  await raw.until('"complete"');
  expect(raw.received).toContain('{"data":{"__typename":"Query"}}');
  // The message is complete: its timeout no longer runs.
  vi.advanceTimersByTime(60_000);
  await raw.processed();
});

it('a long message in small chunks is read, and its timer is stopped', async () => {
  using raw = await RawSocket.open(INIT);
  await raw.until('connection_ack');
  const query = `{__typename}${' '.repeat(60 * KIB)}`;
  const bytes = frame(TEXT, JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  raw.socket.setNoDelay(true);
  for (let start = 0; start < bytes.length; start += 1000) {
    raw.socket.write(bytes.subarray(start, start + 1000));
    await setImmediate();
  }
  await raw.until('"complete"');
  vi.advanceTimersByTime(60_000);
  await raw.processed();
  expect(gateway.webSockets.size).toBe(1);
});

describe('an incomplete message terminates its socket', () => {
  it('after 3 seconds before connection_init', async () => {
    using raw = await RawSocket.open(frame(TEXT, '{"type":', false));
    await raw.processed();
    vi.advanceTimersByTime(3000);
    expect(await errorsAfterClose()).toEqual([]);
  });

  it('after 30 seconds after connection_init', async () => {
    using raw = await RawSocket.open(Buffer.concat([INIT, frame(TEXT, '{"type":', false)]));
    await raw.until('connection_ack');
    await raw.processed();
    vi.advanceTimersByTime(29_000);
    await raw.processed();
    vi.advanceTimersByTime(1000);
    expect(await errorsAfterClose()).toEqual([]);
  });

  it('also when one frame is cut short in its header', async () => {
    using raw = await RawSocket.open(Buffer.concat([INIT, frame(TEXT, 'x'.repeat(200)).subarray(0, 3)]));
    await raw.until('connection_ack');
    vi.advanceTimersByTime(30_000);
    expect(await errorsAfterClose()).toEqual([]);
  });
});

describe('a message with too many bytes between its fragments terminates its socket', () => {
  const pings = (count: number) => Array.from({ length: count }, () => frame(PING, 'x'.repeat(125)));

  it.each([
    ['16 KiB before connection_init', [frame(TEXT, '{', false), ...pings(130)]],
    ['128 KiB after it', [INIT, frame(TEXT, '{', false), ...pings(1050)]],
  ])('%s', async (_, frames) => {
    using raw = await RawSocket.open(Buffer.concat(frames));
    expect(await errorsAfterClose()).toEqual([]);
    expect(raw.received).not.toContain('\u0003\u00f0');
  });

  it('but pings alone do not', async () => {
    using raw = await RawSocket.open(Buffer.concat([INIT, ...pings(2000)]));
    await raw.until('connection_ack');
    await raw.processed();
    expect(gateway.webSockets.size).toBe(1);
  });
});

it('a client that does not answer a close frame is terminated', async () => {
  using raw = await RawSocket.open(frame(TEXT, 'no JSON'));
  // 4400, sent by graphql-ws.
  await raw.until('\u0011\u0030');
  vi.advanceTimersByTime(3000);
  expect(await errorsAfterClose()).toEqual([]);
});

it('of sockets without connection_init the oldest is dropped, and a new client is served', async () => {
  const sockets = Array.from({ length: 1001 }, () => new RawSocket());
  // `until` would advance the time, and the sockets would be closed.
  while (gateway.webSockets.size < 1000) await setImmediate();
  using client = await WsClient.connect(gateway.url);
  await client.processed();
  expect(gateway.webSockets.size).toBe(1000);
  for (const raw of sockets) raw[Symbol.dispose]();
  await until(() => gateway.webSockets.size, 1);
});
