import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { byteString } from '../../../src/operations/results.ts';
import { frameOf } from '../../../src/transports/websocket/socket-writer.ts';

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
let client: WebSocket;
let send: (text: string) => void;

beforeAll(async () => {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const connected = new Promise<void>((resolve) => {
    server.once('connection', (_socket, request) => {
      send = (text) => request.socket.write(frameOf(byteString(text)), 'latin1');
      resolve();
    });
  });
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
  client = new WebSocket(`ws://127.0.0.1:${address.port}`);
  await Promise.all([connected, once(client, 'open')]);
});
afterAll(() => {
  client.terminate();
  server.close();
  http.close();
});

/** The texts that a client of ws receives; ws checks headers and UTF-8. */
async function received(count: number): Promise<string[]> {
  const texts: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const note = (data: Buffer, binary: boolean) => {
    texts.push(binary ? 'binary' : data.toString());
    if (texts.length === count) resolve(texts);
  };
  client.on('message', note);
  try {
    return await promise;
  } finally {
    client.off('message', note);
  }
}

it.each([0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 200_000, 17_000_000])(
  'a text of %d characters arrives unchanged',
  async (length) => {
    const text = 'a~\u007f\u0000'.repeat(length / 4 + 1).slice(0, length);
    const coming = received(1);
    send(text);
    expect(await coming).toEqual([text]);
  },
);

it('texts in any script keep their order among those of ASCII', async () => {
  const texts = [
    'plain',
    'é',
    'Ā',
    '猫が跳ぶ',
    '🐈',
    'plain again',
    'ÿ'.repeat(130),
    '\ud800',
    'x'.repeat(70_000),
  ];
  const coming = received(texts.length);
  for (const text of texts) send(text);
  expect(await coming).toEqual(texts.map((text) => text.toWellFormed()));
});
