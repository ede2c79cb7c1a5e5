import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listenTcp } from '../support/network/tcp-listener.ts';
import { announced, json } from '../support/upstream/replies.ts';
import { connectTo, openSession, patiently, REQUEST, SUBMIT_PATH } from '../support/upstream/session.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

function answerWith(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

async function submitTo(onData: (socket: Socket) => unknown) {
  await using tcp = await listenTcp((socket) => void onData(socket));
  await using segmind = connectTo(tcp.origin);
  return await segmind.submit(REQUEST, patiently());
}

const ACCEPTED = { type: 'accepted', upstreamId: 'abc' };
const MADE = answerWith('{"request_id":"abc"}');

describe('an answer after interim answers', () => {
  it.each([
    ['100', CONTINUE],
    ['100 without words', 'HTTP/1.1 100 \r\n\r\n'],
    ['100 of HTTP/1.0 with headers', 'HTTP/1.0 100 Continue\r\nserver: x\r\nvia: y\r\n\r\n'],
    ['100 twice', CONTINUE + CONTINUE],
    ['103', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['100, then 103', `${CONTINUE}HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n`],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('is read after %s', async (_name, interim) => {
    expect(await submitTo((socket) => socket.end(interim + MADE))).toEqual(ACCEPTED);
  });

  it('is read even when it arrives byte by byte', async () => {
    const outcome = await submitTo(async (socket) => {
      socket.setNoDelay(true);
      for (const byte of CONTINUE + MADE) {
        socket.write(byte);
        await setImmediate();
      }
      socket.end();
    });
    expect(outcome).toEqual(ACCEPTED);
  });

  it('is read on a reused connection', async () => {
    await using session = await openSession();
    session.server
      .on('POST', SUBMIT_PATH, announced(json(200, { request_id: 'abc' })))
      .on('GET', '/v2/requests/abc/status', announced(json(200, { status: 'QUEUED' })));
    expect(await session.segmind.submit(REQUEST, patiently())).toEqual(ACCEPTED);
    for (let asked = 0; asked < 3; asked += 1) {
      expect(await session.segmind.status('abc', patiently())).toEqual({ type: 'queued' });
      // A connection is free one turn of the event loop after its answer.
      await setImmediate();
    }
    expect(session.server.connectionsMade).toBe(2);
  });

  it('may contain text that looks like an interim answer', async () => {
    const body = `{"request_id":"abc","error":${JSON.stringify(CONTINUE)}}`;
    const outcome = await submitTo(async (socket) => {
      const answer = answerWith(body);
      const cut = answer.indexOf('HTTP', 1);
      socket.setNoDelay(true);
      socket.write(answer.slice(0, cut));
      await setImmediate();
      socket.end(answer.slice(cut));
    });
    expect(outcome).toEqual(ACCEPTED);
  });
});

describe('interim answers alone', () => {
  it.each([CONTINUE, 'HTTP/1.1 100 Cont', 'HTTP/1.1 1', `${CONTINUE}HTTP`])(
    '%j is no answer',
    async (bytes) => {
      expect(await submitTo((socket) => socket.end(bytes))).toMatchObject({
        type: 'unknown',
        apiAnswered: false,
      });
    },
  );

  it('that never end are not an answer', async () => {
    const endless = `HTTP/1.1 100 Continue\r\nx: ${'y'.repeat(100_000)}`;
    const closed = Promise.withResolvers<void>();
    const outcome = await submitTo((socket) => {
      void once(socket, 'close').then(() => closed.resolve());
      socket.write(endless);
    });
    expect(outcome).toMatchObject({ type: 'unknown', apiAnswered: false });
    await closed.promise;
  });
});
