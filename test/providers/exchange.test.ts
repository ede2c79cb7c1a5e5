import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Agent, buildConnector } from 'undici';
import { expect, it } from 'vitest';
import { exchange } from '../../src/providers/segmind/http/exchange.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

it('writes nothing when the connection opens after the deadline', async () => {
  await using server = await ScriptedUpstream.start();
  server.on('POST', '/', json(200, {}));
  const connector = buildConnector({});
  const connected = Promise.withResolvers<void>();
  const held: (() => void)[] = [];
  let holding = true;
  await using agent = withDispose(
    new Agent({
      connect: (options, callback) => {
        const connect = (): void =>
          connector(options, (...outcome) => {
            callback(...outcome);
            connected.resolve();
          });
        if (holding) held.push(connect);
        else connect();
      },
    }),
  );
  const request = { origin: server.origin, path: '/', method: 'POST', body: 'x' };
  const limits = { timeoutMs: 20, signal: new AbortController().signal, maxBodyBytes: 100 };
  expect(await exchange(agent.value, request, limits)).toMatchObject({ type: 'not-sent' });

  holding = false;
  for (const connect of held) connect();
  await connected.promise;
  await setImmediate();
  // Only the next request arrives.
  const next = await exchange(agent.value, { ...request, body: 'y' }, { ...limits, timeoutMs: 10_000 });
  expect(next).toMatchObject({ type: 'answered', status: 200 });
  expect(server.requests.map(({ body }) => body)).toEqual(['y']);
});

it('leaves no listener on the signal that it was given', async () => {
  await using server = await ScriptedUpstream.start();
  await using agent = withDispose(new Agent());
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const counted = new Proxy(signal, {
    get: (target, key) => {
      if (key === 'addEventListener') listeners += 1;
      if (key === 'removeEventListener') listeners -= 1;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const limits = { timeoutMs: 10_000, signal: counted, maxBodyBytes: 100 };
  await exchange(agent.value, { origin: server.origin, path: '/', method: 'GET' }, limits);
  expect(listeners).toBe(0);
});

/** Answers one request on command, and reports when the answer is in the socket. */
const SERVER = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer((socket) => {
  socket.once('data', () => {
    parentPort.postMessage('received');
    Atomics.wait(workerData, 0, 0);
    socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}', () => {
      Atomics.store(workerData, 1, 1);
      Atomics.notify(workerData, 1);
      server.close();
    });
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('reads the socket once more before it times out', async () => {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(SERVER, { eval: true, workerData: flags });
  await using agent = withDispose(new Agent());
  const [port]: unknown[] = await once(worker, 'message');
  const received = once(worker, 'message');
  const timeoutMs = 1000;
  const runAt = performance.now() + timeoutMs;
  const answer = exchange(
    agent.value,
    { origin: `http://127.0.0.1:${String(port)}`, path: '/', method: 'GET' },
    { timeoutMs, signal: new AbortController().signal, maxBodyBytes: 100 },
  );
  await received;
  // From here the event loop is blocked until the answer has arrived and the deadline has passed.
  Atomics.store(flags, 0, 1);
  Atomics.notify(flags, 0);
  Atomics.wait(flags, 1, 0);
  Atomics.wait(flags, 0, 1, Math.max(1, runAt + 20 - performance.now()));
  expect(await answer).toMatchObject({ type: 'answered', status: 200, body: Buffer.from('{}') });
  await once(worker, 'exit');
});

function withDispose(value: Agent): { value: Agent } & AsyncDisposable {
  return { value, [Symbol.asyncDispose]: () => value.destroy() };
}
