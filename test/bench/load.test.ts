import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { HttpConnection } from '../../bench/load/http-connection.ts';
import { WsConnection } from '../../bench/load/ws-connection.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers each received chunk with these bytes, in pieces. */
async function answering(bytes: string, pieceLength: number): Promise<number> {
  const answer = async (socket: Socket) => {
    for (let at = 0; at < bytes.length; at += pieceLength) {
      socket.write(bytes.slice(at, at + pieceLength), 'latin1');
      await setImmediate();
    }
  };
  server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => void answer(socket));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

function portOf(listening: { address(): unknown }): number {
  const address = listening.address();
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('no port');
  return Number(address.port);
}

describe('the HTTP client of the benchmark', () => {
  it.each([1, 7, 1000])('counts responses that arrive in pieces of %i bytes', async (pieceLength) => {
    const port = await answering('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{"a}', pieceLength);
    let answers = 0;
    const connection = await new Promise<HttpConnection>((resolve, reject) => {
      const onAnswer = (one: HttpConnection) => {
        answers += 1;
        if (answers === 3) resolve(one);
        else one.send();
      };
      HttpConnection.open(port, Buffer.from('ask'), onAnswer, reject).then((one) => one.send(), reject);
    });
    connection.close();
    expect(answers).toBe(3);
    expect(connection.body).toBe('{"a}');
  });

  it('rejects a status other than 200', async () => {
    const port = await answering('HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n', 100);
    const failure = await new Promise<Error>((resolve) => {
      HttpConnection.open(port, Buffer.from('ask'), () => {}, resolve).then((one) => one.send(), resolve);
    });
    expect(failure.message).toMatch('Not OK: HTTP/1.1 500');
  });
});

describe('the WebSocket client of the benchmark', () => {
  it('reads short and long messages, answers pings and sends valid messages', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    const heard: string[] = [];
    const texts = ['short', 'é'.repeat(100), 'x'.repeat(60_000), 'last'];
    const pong = Promise.withResolvers<string>();
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => heard.push(data.toString()));
      socket.on('pong', (data) => pong.resolve(data.toString()));
      for (const text of texts) socket.send(text);
      socket.ping('still there?');
    });
    const got: string[] = [];
    const all = Promise.withResolvers<void>();
    const connection = new WsConnection(0, portOf(sockets), {
      message: (_, data, start, end) => {
        got.push(data.toString('utf8', start, end));
        if (got.length === texts.length) all.resolve();
      },
      failure: all.reject,
    });
    await all.promise;
    connection.send('y'.repeat(300));
    expect(await pong.promise).toBe('still there?');
    await expect.poll(() => heard).toEqual(['{"type":"connection_init"}', 'y'.repeat(300)]);
    expect(got).toEqual(texts);
    connection.close();
    sockets.close();
  });
});
