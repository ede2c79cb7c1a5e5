import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { until } from '../../../support/until.ts';

/** A query whose answer has 16 KB. */
const BODY = JSON.stringify({ query: '{ _service { sdl } }' });
const SENT = 8000;
/** Answers that fill the buffers of the system, and those of requests that arrived in the same chunk. */
const MOST_ANSWERED = 1200;

/** Pipelines this number of requests, and reads nothing. */
function sendInARow({ port }: Gateway, times: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}`;
  socket.write(`${head}\r\n\r\n${BODY}`.repeat(times));
  return socket;
}

async function ask({ url }: Gateway): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: BODY });
  return answer.text();
}

it('the server stops reading from a client that pipelines queries and does not read answers', async () => {
  let answered = 0;
  const onResult = () => {
    answered += 1;
  };
  await using gateway = await startGateway({ hooks: [{ onOperation: () => ({ onResult }) }] });
  await ask(gateway);
  const before = answered;
  const socket = sendInARow(gateway, SENT);
  await until(() => answered - before > 100, true);
  // Other requests are answered meanwhile; afterwards the server has handled all requests that it read from the first client.
  for (let time = 0; time < 5; time += 1) await ask(gateway);
  expect(answered - before).toBeLessThan(MOST_ANSWERED);
  socket.destroy();
});
