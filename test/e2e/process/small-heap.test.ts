import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql } from '../../support/gateway/http.ts';
import { generate, type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

const PROMPT = 'x'.repeat(2000);
const JOBS = 100;
const ROUNDS = 3;
const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');
/** A result of 2 MB. The limit of a result is 12 MB. */
const LARGE = `{ videoJobs(first: 100) { nodes { ${times(10, (index) => `a${index}: request { prompt }`)} } } }`;
/** A result of 7 MB for 1,000 entities, which could be 44 MB. */
const ENTITIES =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on VideoJob { a: request { prompt } b: request { prompt } c: request { prompt } d: request { negativePrompt } } } }';
/** An event of the maximum size. */
const LARGE_EVENT = `subscription { videoJobsUpdated { id ${times(20, (index) => `a${index}: request { prompt }`)} } }`;

let folder: TempFolder;
let gateway: SpawnedGateway;
let port: number;
let ids: readonly string[];

beforeAll(async () => {
  folder = tempFolder();
  gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: 'http://127.0.0.1:1',
    NODE_OPTIONS: '--max-old-space-size=512',
  });
  port = Number(new URL(gateway.url).port);
  ids = await change(JOBS);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('a process with a heap of 512 MB survives clients that do not read', () => {
  test.each(['POST', 'GET', 'event stream'] as const)('many large answers by %s', async (way) => {
    const sockets = Array.from({ length: 60 }, () => unreadSocket(requestOf(way).repeat(40)));
    expect(await served()).toBe(ROUNDS);
    for (const socket of sockets) socket.destroy();
  });

  test('many lists of 1,000 entities with every text', async () => {
    const representations = Array.from({ length: 1000 }, (_, index) => ({
      __typename: 'VideoJob',
      id: ids[index % JOBS],
    }));
    const body = JSON.stringify({ query: ENTITIES, variables: { representations } });
    const request = postOf('application/json', 'application/json', body);
    const sockets = Array.from({ length: 60 }, () => unreadSocket(request.repeat(5)));
    expect(await served()).toBe(ROUNDS);
    for (const socket of sockets) socket.destroy();
  });

  test('many large answers by WebSocket', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => WsClient.connect(gateway.url)));
    for (const client of clients) {
      client.socket.pause();
      for (let index = 0; index < 50; index++) client.subscribe(`q${index}`, LARGE);
    }
    expect(await served()).toBe(ROUNDS);
    for (const client of clients) client[Symbol.dispose]();
  });

  test('many subscriptions to large events by WebSocket', async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => WsClient.connect(gateway.url)));
    for (const client of clients) {
      // The documents differ, so that no payload is shared.
      for (let index = 0; index < 200; index++)
        client.subscribe(`s${index}`, LARGE_EVENT.replace('a0:', `b${index}:`));
      client.socket.pause();
    }
    await change(5);
    expect(await served()).toBe(ROUNDS);
    for (const client of clients) client[Symbol.dispose]();
  });

  test('many event streams of large events', async () => {
    const sockets = Array.from({ length: 100 }, () => unreadSocket(requestOf('event stream', LARGE_EVENT)));
    await change(5);
    expect(await served()).toBe(ROUNDS);
    for (const socket of sockets) socket.destroy();
  });
});

/** Sends other requests while results pile up. @returns how many were answered */
async function served(): Promise<number> {
  let answered = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await delay(200);
    const { errors } = await graphql(gateway.url, '{ __typename }');
    if (errors === undefined) answered += 1;
  }
  return answered;
}

/** Creates jobs, each of which is an event. */
async function change(count: number): Promise<string[]> {
  const made: string[] = [];
  for (let index = 0; index < count; index++) made.push((await generate(gateway.url, { prompt: PROMPT })).id);
  return made;
}

/** Sends bytes and never reads the response. */
function unreadSocket(bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(bytes);
  return socket;
}

function requestOf(way: 'POST' | 'GET' | 'event stream', query = LARGE): string {
  const json = JSON.stringify({ query });
  switch (way) {
    case 'POST':
      return postOf('application/json', 'application/json', json);
    case 'event stream':
      return postOf('text/event-stream', 'application/json', json);
    case 'GET':
      return `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n\r\n`;
  }
}

function postOf(accept: string, type: string, body: string): string {
  return `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ${accept}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
