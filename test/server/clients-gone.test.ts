import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/gateway-until.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';

const CLIENTS = 20;
const HEAD = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const QUERY = JSON.stringify({ query: '{ videoJobs { nodes { id } } }' });
const WATCH = JSON.stringify({ query: 'subscription { videoJobsUpdated { id } }' });
const STREAM = `${HEAD}Accept: text/event-stream\r\nContent-Length: ${WATCH.length}\r\n\r\n${WATCH}`;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const answers: WeakRef<ServerResponse>[] = [];
const remember = (message: unknown) => {
  const response: unknown = Object(message).response;
  if (response instanceof ServerResponse) answers.push(new WeakRef(response));
};
beforeEach(() => {
  answers.length = 0;
  subscribe('http.server.request.start', remember);
});
afterEach(() => {
  unsubscribe('http.server.request.start', remember);
});

function kept(): number {
  collectGarbage();
  return answers.filter((answer) => answer.deref() !== undefined).length;
}

function send({ port }: Gateway, text: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

it.each([
  { when: 'in the middle of a body', text: `${HEAD}Content-Length: 1000\r\n\r\n{"query":"`, each: 1 },
  {
    when: 'while an answer waits for the one before it',
    text: `${STREAM}${HEAD}Content-Length: ${QUERY.length}\r\n\r\n${QUERY}`,
    each: 2,
  },
])('nothing is kept of clients that go $when', async ({ text, each }) => {
  await using gateway = await startGateway();
  const sockets = Array.from({ length: CLIENTS }, () => send(gateway, text));
  await until(() => answers.length, CLIENTS * each);
  for (const socket of sockets) socket.resetAndDestroy();
  await until(kept, 0);
  expect(gateway.log.errors).toEqual([]);
});
