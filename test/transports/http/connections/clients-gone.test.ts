import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UserTokens } from '../../../../src/auth/user-tokens.ts';
import { SIGN_IN, signToken, userTokens } from '../../../auth/tokens.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { overrideStore } from '../../../support/override-store.ts';
import { until } from '../../../support/until.ts';

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
])('clients that disconnect $when leave nothing behind', async ({ text, each }) => {
  await using gateway = await startGateway();
  const sockets = Array.from({ length: CLIENTS }, () => send(gateway, text));
  await until(() => answers.length, CLIENTS * each);
  for (const socket of sockets) socket.resetAndDestroy();
  await until(kept, 0);
  expect(gateway.log.errors).toEqual([]);
});

it('a subscription ends when its client disconnects before the event stream has begun', async () => {
  const checked = Promise.withResolvers<void>();
  const tokens = userTokens();
  const verify = tokens.verify.bind(tokens);
  const verified = vi.spyOn(UserTokens.prototype, 'verify').mockImplementation(async (token) => {
    await checked.promise;
    return verify(token);
  });
  const watches = { begun: 0, ended: 0 };
  await using gateway = await startGateway({
    settings: SIGN_IN,
    wrapStore: (store) =>
      overrideStore(store, {
        subscribe: async (topic, listener) => {
          const unwatch = await store.subscribe(topic, listener);
          watches.begun += 1;
          return () => {
            watches.ended += 1;
            unwatch();
          };
        },
      }),
  });
  const token = await signToken();
  const request = STREAM.replace('Accept:', `Authorization: Bearer ${token}\r\nAccept:`);
  const socket = send(gateway, request);
  await until(() => verified.mock.calls.length, 1);
  socket.resetAndDestroy();
  await until(() => answers[0]?.deref()?.destroyed, true);
  checked.resolve();
  await until(() => watches.ended, 1);
  expect(watches).toEqual({ begun: 1, ended: 1 });
});
