import { expect, test, vi } from 'vitest';
import { UserTokens } from '../../src/auth/user-tokens.ts';
import type { OperationHook } from '../../src/operations/operation.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { SIGN_IN, signToken } from '../auth/tokens.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { overrideStore } from '../support/override-store.ts';

const QUERY = '{ __typename }';
const WATCH_ALL = 'subscription { videoJobsUpdated { version } }';

/** A hook, and what it has seen. */
function countingHook() {
  const seen = { operations: 0, results: 0, errors: 0, events: 0, ends: 0 };
  const hook: OperationHook = {
    onOperation: () => {
      seen.operations += 1;
      return {
        onResult: ({ errors }) => {
          seen.results += 1;
          if (errors !== undefined) seen.errors += 1;
        },
        onEvent: () => {
          seen.events += 1;
        },
        onEnd: () => {
          seen.ends += 1;
        },
      };
    },
  };
  return { hook, seen };
}

function post(url: string, query: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

test('a hook sees each of 20 equal queries, by POST, GET and WebSocket', async () => {
  const { hook, seen } = countingHook();
  await using gateway = await startGateway({ hooks: [hook] });
  for (let time = 0; time < 20; time += 1) await (await post(gateway.url, QUERY)).text();
  expect(seen).toMatchObject({ operations: 20, results: 20, errors: 0 });
  const search = new URLSearchParams({ query: QUERY });
  for (let time = 0; time < 20; time += 1) await (await fetch(`${gateway.url}/graphql?${search}`)).text();
  expect(seen).toMatchObject({ operations: 40, results: 40, errors: 0 });
  using client = await WsClient.connect(gateway.url);
  for (let time = 0; time < 20; time += 1) {
    client.subscribe(String(time), QUERY);
    await client.result(String(time));
  }
  expect(seen).toMatchObject({ operations: 60, results: 60, errors: 0 });
});

test('a hook sees operations that are refused', async () => {
  const { hook, seen } = countingHook();
  await using gateway = await startGateway({ hooks: [hook] });
  for (const query of ['{', '{ nothing }', 'subscription { videoJobUpdated(id: "none") { id } }'])
    await (await post(gateway.url, query)).text();
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', '{ nothing }');
  await client.refusal('1');
  expect(seen).toMatchObject({ operations: 4, results: 4, errors: 4, events: 0 });
});

test.each(TRANSPORTS)('a hook sees each of 30 events by $name, and the end', async ({ open }) => {
  const { hook, seen } = countingHook();
  await using gateway = await startGateway({ hooks: [hook] });
  const mover = new JobMover(gateway);
  {
    using stream = await open(gateway.url, WATCH_ALL);
    await expect.poll(() => gateway.store.listenerCount).toBe(1);
    for (let count = 0; count < 30; count += 1) {
      await mover.accept();
      await stream.result();
    }
    expect(seen).toMatchObject({ operations: 1, events: 30, ends: 0 });
  }
  await expect.poll(() => seen.ends).toBe(1);
});

test.each(TRANSPORTS)('subscribers that share events by $name are observed one by one', async ({ open }) => {
  const { hook, seen } = countingHook();
  await using gateway = await startGateway({ hooks: [hook] });
  const mover = new JobMover(gateway);
  using first = await open(gateway.url, WATCH_ALL);
  using second = await open(gateway.url, WATCH_ALL);
  await expect.poll(() => gateway.store.listenerCount).toBe(2);
  await mover.accept();
  await Promise.all([first.result(), second.result()]);
  expect(seen.events).toBe(2);
});

test.each(TRANSPORTS)('an unavailable store is called once for a subscription by $name', async ({ open }) => {
  let calls = 0;
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        subscribe: async (...args) => {
          calls += 1;
          if (calls > 2) throw new StoreUnavailableError('away');
          return store.subscribe(...args);
        },
      }),
  });
  // Subscriptions with a cached document must not be opened in another way.
  using earlier = new DisposableStack();
  for (let time = 0; time < 2; time += 1) earlier.use(await open(gateway.url, WATCH_ALL));
  await expect.poll(() => gateway.store.listenerCount).toBe(2);
  using third = await open(gateway.url, WATCH_ALL);
  expect((await third.result()).errors?.[0]?.extensions?.['code']).toBe('STORE_UNAVAILABLE');
  expect(calls).toBe(3);
});

test('an unavailable store is called once for each of several equal queries', async () => {
  let calls = 0;
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        list: async () => {
          calls += 1;
          throw new StoreUnavailableError('away');
        },
      }),
  });
  for (let time = 1; time <= 5; time += 1) {
    const answer = await post(gateway.url, '{ videoJobs { nodes { id } } }');
    expect(await answer.text()).toContain('STORE_UNAVAILABLE');
    expect(calls).toBe(time);
  }
});

test('a token that is not valid is verified once', async () => {
  const verify = vi.spyOn(UserTokens.prototype, 'verify');
  await using gateway = await startGateway({ settings: SIGN_IN });
  const authorization = `Bearer ${await signToken({}, 'another secret, which is also long enough')}`;
  expect((await post(gateway.url, QUERY, { authorization })).status).toBe(401);
  expect(verify).toHaveBeenCalledTimes(1);
  verify.mockRestore();
});
