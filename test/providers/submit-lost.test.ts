import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenTcp } from '../support/network/tcp-listener.ts';
import {
  after,
  destroyAfterReading,
  destroyBeforeReading,
  json,
  neverEnding,
  type Reply,
  silence,
} from '../support/upstream/replies.ts';
import { API_KEY, connectTo, patiently, REQUEST, submitSession } from '../support/upstream/session.ts';

/** The origin of a closed port. */
async function deadOrigin(): Promise<string> {
  await using gone = await listenTcp();
  return gone.origin;
}

describe('a submit that was never sent', () => {
  it('creates no job when the connection is refused', async () => {
    await using segmind = connectTo(await deadOrigin());
    expect(await segmind.submit(REQUEST, patiently())).toEqual({
      type: 'not-created',
      reason: expect.stringContaining('ECONNREFUSED'),
      apiAnswered: false,
      rateLimited: false,
      retryAfterMs: null,
    });
  });

  it('creates no job when the host has no address', async () => {
    await using segmind = connectTo('http://no-such-host.invalid');
    expect(await segmind.submit(REQUEST, patiently({ timeoutMs: 2000 }))).toMatchObject({
      type: 'not-created',
    });
  });

  it('creates no job when TLS fails', async () => {
    await using session = await submitSession(json(200, { request_id: 'abc' }));
    await using segmind = connectTo(session.server.origin.replace('http:', 'https:'));
    expect(await segmind.submit(REQUEST, patiently())).toMatchObject({ type: 'not-created' });
    expect(session.server.requests).toEqual([]);
  });

  it('creates no job, and ends at its deadline, when no connection opens', { timeout: 5000 }, async () => {
    await using hole = await listenTcp();
    await using segmind = connectTo(hole.secureOrigin);
    expect(await segmind.submit(REQUEST, patiently({ timeoutMs: 100 }))).toMatchObject({
      type: 'not-created',
      reason: 'no answer before the deadline',
    });
  });

  it('creates no job when it is aborted before the connection opens', { timeout: 5000 }, async () => {
    await using hole = await listenTcp();
    await using segmind = connectTo(hole.secureOrigin);
    const abort = new AbortController();
    const submitted = segmind.submit(REQUEST, patiently({ signal: abort.signal }));
    await hole.connected;
    abort.abort();
    expect(await submitted).toMatchObject({ type: 'not-created' });
  });

  it('creates no job and sends no byte when it was aborted before', async () => {
    await using session = await submitSession(json(200, { request_id: 'abc' }));
    const outcome = await session.segmind.submit(REQUEST, patiently({ signal: AbortSignal.abort() }));
    expect(outcome).toMatchObject({ type: 'not-created' });
    expect(session.server.connectionsMade).toBe(0);
  });

  it('does not return the key, even when the reason of the abort has it', async () => {
    await using session = await submitSession(json(200, { request_id: 'abc' }));
    const signal = AbortSignal.abort(new Error(`stopping ${API_KEY}`));
    const outcome = await session.segmind.submit(REQUEST, patiently({ signal }));
    expect(outcome).toMatchObject({ type: 'not-created', reason: 'stopping [redacted]' });
  });

  it(
    'creates no job when the adapter is disposed before the connection opens, and closes the connection',
    { timeout: 5000 },
    async () => {
      await using hole = await listenTcp();
      const segmind = connectTo(hole.secureOrigin);
      const submitted = segmind.submit(REQUEST, patiently());
      const socket = await hole.connected;
      const closed = once(socket.resume(), 'close');
      await segmind[Symbol.asyncDispose]();
      expect(await submitted).toMatchObject({ type: 'not-created' });
      await closed;
    },
  );

  it('creates no job when the key is not a valid header value', async () => {
    await using session = await submitSession(json(200, { request_id: 'abc' }));
    await using segmind = connectTo(session.server.origin, 'SG_\n');
    expect(await segmind.submit(REQUEST, patiently())).toMatchObject({ type: 'not-created' });
    expect(session.server.connectionsMade).toBe(0);
  });

  it('offers only HTTP/1.1, because HTTP/2 shares one connection among all calls', async () => {
    const { promise: greeted, resolve: onGreeting } = Promise.withResolvers<Buffer>();
    await using hole = await listenTcp((socket, data) => {
      onGreeting(data);
      socket.destroy();
    });
    await using segmind = connectTo(hole.secureOrigin);
    const submitted = segmind.submit(REQUEST, patiently());
    const hello = await greeted;
    expect(hello.includes('\x08http/1.1')).toBe(true);
    expect(hello.includes('\x02h2')).toBe(false);
    expect(await submitted).toMatchObject({ type: 'not-created' });
  });
});

describe('a submit whose answer was lost', () => {
  it.each<[string, Reply]>([
    ['before its body was read', destroyBeforeReading],
    ['after it was read', destroyAfterReading],
  ])('is unknown when the connection ended %s', async (_when, reply) => {
    await using session = await submitSession(reply);
    const outcome = await session.segmind.submit(REQUEST, patiently());
    expect(outcome).toEqual({
      type: 'unknown',
      message: expect.stringContaining('may exist upstream'),
      apiAnswered: false,
      candidateId: null,
    });
    expect(session.server.requests).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['never came', silence],
    ['began and never ended', neverEnding(200, '{"request_id":"abc"')],
  ])('is unknown at its deadline when the answer %s', { timeout: 5000 }, async (_when, reply) => {
    await using session = await submitSession(reply);
    const outcome = await session.segmind.submit(REQUEST, patiently({ timeoutMs: 200 }));
    expect(outcome).toMatchObject({ type: 'unknown' });
    await session.server.untilIdle();
  });

  it('is unknown when it is aborted while the upstream works, and closes the connection', async () => {
    const answered = Promise.withResolvers<void>();
    await using session = await submitSession(after(answered.promise, json(200, { request_id: 'abc' })));
    const abort = new AbortController();
    const submitted = session.segmind.submit(REQUEST, patiently({ signal: abort.signal }));
    await session.server.untilRequests(1);
    abort.abort(new Error('stopping'));
    expect(await submitted).toEqual({
      type: 'unknown',
      message: expect.stringContaining('stopping'),
      apiAnswered: false,
      candidateId: null,
    });
    await session.server.untilIdle();
    answered.resolve();
  });

  it('is unknown when the adapter is disposed while the upstream works', async () => {
    await using session = await submitSession(silence);
    const submitted = session.segmind.submit(REQUEST, patiently());
    await session.server.untilRequests(1);
    await session.segmind[Symbol.asyncDispose]();
    expect(await submitted).toMatchObject({ type: 'unknown' });
    await session.server.untilIdle();
  });

  it.each([
    'garbage\r\n\r\n',
    'HTTP/1.1 200\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 101 Switching\r\n\r\n',
  ])('is unknown when the answer is not HTTP: %j', async (bytes) => {
    await using tcp = await listenTcp((socket) => socket.end(bytes));
    await using segmind = connectTo(tcp.origin);
    expect(await segmind.submit(REQUEST, patiently())).toMatchObject({ type: 'unknown' });
  });

  it('is unknown when only a 1xx answer arrives', async () => {
    await using tcp = await listenTcp((socket) => socket.end('HTTP/1.1 102 Processing\r\n\r\n'));
    await using segmind = connectTo(tcp.origin);
    expect(await segmind.submit(REQUEST, patiently())).toEqual({
      type: 'unknown',
      message: expect.not.stringContaining('HTTP 102'),
      apiAnswered: false,
      candidateId: null,
    });
  });
});
