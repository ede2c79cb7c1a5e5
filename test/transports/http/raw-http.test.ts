import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startGateway } from '../../support/gateway/gateway.ts';
import { dataOf, exchange } from '../../support/gateway/http.ts';
import { sharedGateway, watchFaults } from './shared-gateway.ts';

const gateway = sharedGateway();

const GOOD = '{"query":"{ __typename }"}';
const ANSWER = '{"data":{"__typename":"Query"}}';

function post(headers: string, body: string): string {
  return `POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
}

it.each([
  ['400', 'garbage', 'nonsense\r\n\r\n'],
  ['400', 'binary garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['400', 'a header with a line break in it', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n'],
  ['400', 'a header with a zero in it', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\x00\r\n\r\n'],
  ['400', 'no Host', 'GET /graphql?query={__typename} HTTP/1.1\r\n\r\n'],
  ['400', 'an invalid Content-Length', post('Host: a\r\nContent-Length: x\r\n', GOOD)],
  [
    '400',
    'two values of Content-Length',
    post('Host: a\r\nContent-Length: 26\r\nContent-Length: 5\r\n', GOOD),
  ],
  [
    '400',
    'Content-Length and chunks',
    post('Host: a\r\nContent-Length: 26\r\nTransfer-Encoding: chunked\r\n', GOOD),
  ],
  ['400', 'a chunk without a length', post('Host: a\r\nTransfer-Encoding: chunked\r\n', 'x\r\n')],
  ['400', 'an invalid Host', post('Host: [\r\nConnection: close\r\nContent-Length: 26\r\n', GOOD)],
  ['400', 'a Host with a space', post('Host: a b\r\nConnection: close\r\nContent-Length: 26\r\n', GOOD)],
  [
    '404',
    'a path with dot segments',
    'GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ],
  [
    '404',
    'a path with a line break',
    'GET /a%0d%0aSet-Cookie:b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ],
  ['431', 'a very long URL', `GET /graphql?query=${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['431', 'very many headers', `GET / HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(20_000)}\r\n`],
])('answers %s to %s', async (status, _, request) => {
  const answer = await exchange(gateway.port, request);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).not.toMatch(/node_modules|\bat .*\.js/);
});

it('answers the next request on the connection after a body that was too large', async () => {
  const chunks = `10000\r\n${' '.repeat(0x10000)}\r\n`.repeat(40);
  const tooLarge = post('Host: a\r\nTransfer-Encoding: chunked\r\n', `${chunks}0\r\n\r\n`);
  const good = post('Host: a\r\nConnection: close\r\nContent-Length: 26\r\n', GOOD);
  const answer = await exchange(gateway.port, tooLarge + good);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toMatch(/HTTP\/1.1 200 /);
  expect(answer.endsWith(ANSWER)).toBe(true);
});

it('answers a request that arrives byte by byte, and others meanwhile', async () => {
  const request = post('Host: a\r\nConnection: close\r\nContent-Length: 26\r\n', GOOD);
  const socket = connect({ port: gateway.port, host: '127.0.0.1', noDelay: true });
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString();
  });
  for (const byte of request) {
    await new Promise<void>((resolve) => {
      socket.write(byte, () => resolve());
    });
    if (byte === '\n') await dataOf(gateway.url, '{ __typename }');
  }
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  expect(answer.endsWith(ANSWER)).toBe(true);
});

it('releases requests whose clients disconnect before the end of the body', async () => {
  using watch = watchFaults();
  await using stopped = await startGateway();
  const leaving = Array.from({ length: 50 }, async (_, index) => {
    const socket = connect({ port: stopped.port, host: '127.0.0.1' });
    await new Promise<void>((resolve) => {
      socket.write(post('Host: a\r\nContent-Length: 1000\r\n', '{"query":'), () => resolve());
    });
    if (index % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  });
  await Promise.all(leaving);
  expect(await dataOf(stopped.url, '{ __typename }')).toEqual({ __typename: 'Query' });
  await stopped.stop();
  expect(watch.faults).toEqual([]);
  expect(stopped.log.errors).toEqual([]);
});
