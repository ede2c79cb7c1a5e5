import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { INPUT, OUTCOME, type Generated } from '../../support/gateway/generate.ts';
import { dataOf, exchange } from '../../support/gateway/http.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { overrideStore } from '../../support/override-store.ts';
import { until } from '../../support/until.ts';

const WRONG_PROTOCOL =
  'The WebSocket subprotocol must be graphql-transport-ws. The legacy one, graphql-ws, is not supported.';
const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';

interface Watched {
  readonly client: WsClient;
  /** Resolves when the subscription has received another event. */
  readonly expectAlive: () => Promise<void>;
}

/** A socket with an open subscription. */
async function watched(gateway: Gateway): Promise<Watched> {
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const client = await WsClient.connect(gateway.url);
  client.subscribe('watch', WATCH, { id });
  await client.result('watch');
  return {
    client,
    expectAlive: async () => {
      const { version } = await mover.move(id, { type: 'submit-started' });
      expect((await client.result('watch')).data).toEqual({ videoJobUpdated: { version } });
    },
  };
}

describe('an operation that fails', () => {
  const FAILING = [
    { name: 'has a syntax error', query: '{ videoJob(', code: 'GRAPHQL_PARSE_FAILED' },
    { name: 'is empty', query: '', code: 'BAD_REQUEST' },
    { name: 'asks for an unknown field', query: '{ nope }', code: 'GRAPHQL_VALIDATION_FAILED' },
    { name: 'is too deep', query: '{a'.repeat(5000), code: 'DOCUMENT_TOO_LARGE' },
    { name: 'is too wide', query: `{ ${'a '.repeat(10_000)} }`, code: 'DOCUMENT_TOO_LARGE' },
  ];

  it.each(FAILING)('and $name fails alone', async ({ query, code }) => {
    await using gateway = await startGateway();
    const { client, expectAlive } = await watched(gateway);
    client.subscribe('bad', query);
    expect((await client.refusal('bad')).map(({ extensions }) => extensions)).toEqual([{ code }]);
    await expectAlive();
    expect(gateway.log.errors).toEqual([]);
  });

  it('because of its variables names them and does not affect others', async () => {
    await using gateway = await startGateway();
    const { client, expectAlive } = await watched(gateway);
    client.subscribe('bad', WATCH, { id: { deep: true } });
    const { errors = [] } = await client.result('bad');
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('"$id"')]);
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    await expectAlive();
  });

  it('because of its operation name does not affect others', async () => {
    await using gateway = await startGateway();
    const { client, expectAlive } = await watched(gateway);
    client.send({
      id: 'bad',
      type: 'subscribe',
      payload: { query: 'query A { __typename }', operationName: 'B' },
    });
    expect(await client.refusal('bad')).toMatchObject([
      { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } },
    ]);
    await expectAlive();
  });

  it('because no context can be made fails alone, masked and logged', async () => {
    let broken = false;
    await using gateway = await startGateway({
      wrapContext: (make) => {
        if (broken) throw new Error('secret of the context');
        return make();
      },
    });
    const { client, expectAlive } = await watched(gateway);
    broken = true;
    client.subscribe('bad', '{ __typename }');
    expect(await client.refusal('bad')).toEqual([
      { message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
    expect(gateway.log.errors.join('\n')).toContain('secret of the context');
    broken = false;
    await expectAlive();
  });

  it('because its job is unknown says NOT_FOUND, and fails alone', async () => {
    await using gateway = await startGateway();
    const { client, expectAlive } = await watched(gateway);
    client.subscribe('bad', WATCH, { id: 'unknown' });
    const { errors = [] } = await client.result('bad');
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: 'NOT_FOUND' }]);
    expect((await client.next('bad')).type).toBe('complete');
    await expectAlive();
  });

  it('in the store is masked, and fails alone', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, { list: () => Promise.reject(new Error('secret of the store')) }),
    });
    const { client, expectAlive } = await watched(gateway);
    client.subscribe('bad', '{ videoJobs { nodes { id } } }');
    const { errors = [] } = await client.result('bad');
    expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual([
      ['Unexpected error.', { code: 'INTERNAL_SERVER_ERROR' }],
    ]);
    await expectAlive();
  });
});

describe('over a WebSocket', () => {
  it('queries and mutations run too', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    const mutation = `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ${OUTCOME} } }`;
    client.subscribe('1', mutation, { input: INPUT });
    const { data } = await client.result<{ generateVideo: Generated }>('1');
    const id = data?.generateVideo.job?.id;
    client.subscribe('2', 'query ($id: ID!) { videoJob(id: $id) { id } }', { id });
    expect((await client.result('2')).data).toEqual({ videoJob: { id } });
  });

  it.each([
    { type: 'connection_ack' },
    { id: '1', type: 'next', payload: {} },
    { id: '1', type: 'error', payload: [{ message: 'x' }] },
  ])('a message of type $type, which only a server sends, closes it with 4400', async (message) => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.send(message);
    expect(await client.closed).toEqual({ code: 4400, reason: 'Unexpected message received' });
    expect(gateway.log.errors).toEqual([]);
  });

  it('pings are answered, of the protocol and of the socket', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.send({ type: 'ping', payload: { a: 1 } });
    expect(await client.next()).toEqual({ type: 'pong', payload: { a: 1 } });
    const pong = new Promise((resolve) => {
      client.socket.once('pong', (data: Buffer) => resolve(data.toString()));
    });
    client.socket.ping('b');
    expect(await pong).toBe('b');
  });

  it('5,000 messages at once are each answered', async () => {
    await using gateway = await startGateway();
    const { client, expectAlive } = await watched(gateway);
    for (let index = 0; index < 5000; index++) client.subscribe(`q${index}`, '{ __typename }');
    await client.processed();
    await until(() => client.pending.filter(({ type }) => type === 'complete').length, 5000);
    expect(client.pending.filter(({ type }) => type === 'next')).toHaveLength(5000);
    await expectAlive();
  });
});

describe('a client that breaks the protocol is closed with', () => {
  it.each([
    ['text that is no JSON', '{"type":'],
    ['a message of no known type', '{"type":"nope"}'],
    ['a message that is no object', '[1]'],
    ['null', 'null'],
    ['a subscribe without an id', '{"type":"subscribe","payload":{"query":"{ __typename }"}}'],
    ['a subscribe without a query', '{"id":"1","type":"subscribe","payload":{}}'],
    [
      'variables that are no object',
      '{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":[]}}',
    ],
    ['binary garbage', randomBytes(1000)],
  ])('4400 for %s', async (_, data) => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.socket.send(data);
    expect((await client.closed).code).toBe(4400);
    expect(gateway.log.errors).toEqual([]);
  });

  it('4401 for a subscribe before connection_init', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url);
    client.subscribe('1', '{ __typename }');
    expect((await client.closed).code).toBe(4401);
  });

  it.each([
    ['no subprotocol', []],
    ['another subprotocol', ['graphql-subscriptions', 'mqtt']],
  ])('4406 for %s, and says which to use', async (_what, protocols) => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url, protocols);
    expect(client.socket.protocol).toBe(protocols[0] ?? '');
    expect(await client.closed).toEqual({ code: 4406, reason: WRONG_PROTOCOL });
  });

  it('4406 for the legacy subprotocol, after an error that its clients show', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url, ['graphql-ws']);
    client.send({ type: 'connection_init', payload: {} });
    expect(await client.next()).toEqual({ type: 'connection_error', payload: { message: WRONG_PROTOCOL } });
    expect(await client.closed).toEqual({ code: 4406, reason: WRONG_PROTOCOL });
  });

  it('nothing for a client that offers both subprotocols', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url, ['graphql-ws', 'graphql-transport-ws']);
    client.send({ type: 'connection_init' });
    expect(await client.next()).toEqual({ type: 'connection_ack' });
  });

  it('4408 when it sends no connection_init in time', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url);
    expect((await client.closed).code).toBe(4408);
  });

  it('4400 for an id of more than 256 characters, which would be kept and repeated in each message', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.subscribe('x'.repeat(256), '{ __typename }');
    expect((await client.result('x'.repeat(256))).data).toEqual({ __typename: 'Query' });
    client.subscribe('x'.repeat(257), '{ __typename }');
    expect(await client.closed).toEqual({
      code: 4400,
      reason: 'The id of an operation is longer than 256 characters',
    });
  });

  it('4409 for an id that is in use', async () => {
    await using gateway = await startGateway();
    const { client } = await watched(gateway);
    client.subscribe('watch', '{ __typename }');
    expect((await client.closed).code).toBe(4409);
    await until(() => gateway.store.listenerCount, 0);
  });

  it('4409 also for an id that does not fit into a close reason', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    const { id: jobId } = await new JobMover(gateway).accept();
    const id = '🐈'.repeat(40);
    client.subscribe(id, WATCH, { id: jobId });
    await client.result(id);
    client.subscribe(id, '{ __typename }');
    const { code, reason } = await client.closed;
    expect([code, reason]).toEqual([4409, expect.stringMatching(/^Subscriber for 🐈{20,}$/u)]);
    await until(() => gateway.store.listenerCount, 0);
  });

  it('4429 for a second connection_init', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.send({ type: 'connection_init' });
    expect((await client.closed).code).toBe(4429);
  });

  it.each([
    ['text', 'x'.repeat(64 * 1024 + 1)],
    ['binary', randomBytes(64 * 1024 + 1)],
  ])('1009 for a %s frame over 64 KiB', async (_, data) => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.socket.send(data);
    expect((await client.closed).code).toBe(1009);
  });

  it('1009 for a message over 64 KiB in many fragments', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    for (let count = 0; count < 3; count++) client.socket.send('x'.repeat(30_000), { fin: false });
    expect((await client.closed).code).toBe(1009);
  });

  it('nothing for a document of just under 64 KiB', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', `{ __typename } #${'x'.repeat(65_000)}`);
    expect((await client.result('1')).data).toEqual({ __typename: 'Query' });
  });

  it.each([
    ['1002', 'frames of reserved kinds', Buffer.from([0xbf, 0x80, 0, 0, 0, 0])],
    ['1002', 'frames without a mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    ['1007', 'text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff])],
  ])('%s for %s', async (code, _, frame) => {
    await using gateway = await startGateway();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(handshake('/graphql', 'Sec-WebSocket-Protocol: graphql-transport-ws\r\n'));
    socket.once('data', () => socket.write(frame));
    expect(await closeCodeOf(socket)).toBe(Number(code));
    await until(() => gateway.webSockets.size, 0);
  });
});

describe('an upgrade is refused with', () => {
  it.each([
    ['404 on another path', '404', handshake('/other')],
    ['400 for a target that is not a path', '400', handshake('*')],
    ['400 without a key', '400', handshake('/graphql').replace(/Sec-WebSocket-Key: .*\r\n/, '')],
    ['400 with a wrong key', '400', handshake('/graphql').replace(/Key: .*\r\n/, 'Key: x\r\n')],
    ['400 for another version', '400', handshake('/graphql').replace('Version: 13', 'Version: 7')],
    [
      '400 for a list of subprotocols that is none',
      '400',
      handshake('/graphql', 'Sec-WebSocket-Protocol: ,,\r\n'),
    ],
    ['405 by POST', '405', handshake('/graphql').replace('GET', 'POST')],
  ])('%s', async (_, status, request) => {
    await using gateway = await startGateway();
    expect(await exchange(gateway.port, request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(gateway.webSockets.size).toBe(0);
    expect(await dataOf(gateway.url, '{ __typename }')).toEqual({ __typename: 'Query' });
  });

  it('nothing when the page is the gateway’s own', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url, undefined, { headers: { origin: gateway.url } });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('nothing when it is an offer of HTTP/2, which is ignored', async () => {
    await using gateway = await startGateway();
    const body = '{"query":"{ __typename }"}';
    const answer = await exchange(
      gateway.port,
      `POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 [^]*\{"data":\{"__typename":"Query"\}\}$/);
  });
});

function handshake(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`;
}

/** The code of the first close frame. */
async function closeCodeOf(socket: ReturnType<typeof connect>): Promise<number> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    if (Buffer.isBuffer(chunk)) received = Buffer.concat([received, chunk]);
    const frames = received.subarray(received.indexOf('\r\n\r\n') + 4);
    const start = frames.indexOf(0x88);
    if (start !== -1 && frames.length >= start + 4) return frames.readUInt16BE(start + 2);
  }
  throw new Error('The connection ended without a close frame.');
}
