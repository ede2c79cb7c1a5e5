import type { ConnectionState } from '@reelgate/client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SIGN_IN, signToken, START } from '../auth/tokens.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, PROCESSING, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { PNG } from '../support/gateway/upload.ts';
import { HttpProxy } from '../support/network/http-proxy.ts';
import { freePort } from '../support/network/ports.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';
import { acceptedJob, clientOf, lastOf, type TestClient, versionsOf } from './client.ts';

afterEach(() => vi.useRealTimers());

/** The states of a client's connection from now on. */
function statesOf({ connection }: TestClient): ConnectionState[] {
  const states: ConnectionState[] = [];
  connection.onChange(() => {
    if (states.at(-1) !== connection.state) states.push(connection.state);
  });
  return states;
}

describe('the connection', () => {
  test('is one WebSocket for all that is watched, opened with the first and closed with the last', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    using client = clientOf(proxy.port);
    const states = statesOf(client);
    const mover = new JobMover(gateway);
    const jobs = [await mover.accept(), await mover.accept()];
    await client.jobs();
    expect([client.connection.state, proxy.upgrades]).toEqual(['idle', 0]);
    const all = client.watchAll()[Symbol.asyncIterator]();
    const watches = jobs.map(({ id }) => client.watch(id)[Symbol.asyncIterator]());
    await Promise.all([all.next(), ...watches.map((watch) => watch.next())]);
    expect([...states, proxy.upgrades]).toEqual(['connecting', 'connected', 1]);
    await Promise.all([all.return?.(), ...watches.map((watch) => watch.return?.())]);
    await until(() => gateway.webSockets.size, 0);
    expect(states).toEqual(['connecting', 'connected', 'idle']);
  });

  test('stays open when a component ends a watch and another one starts in the same turn', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    using client = clientOf(proxy.port);
    const { id } = await acceptedJob(gateway);
    const first = client.watch(id)[Symbol.asyncIterator]();
    await first.next();
    // The first state of a job may arrive before the answer that says that the connection is good.
    await until(() => client.connection.state, 'connected');
    const states = statesOf(client);
    void first.return?.();
    expect(await versionsOf(client.watch(id))()).toBe(1);
    expect([...states, proxy.upgrades]).toEqual([1]);
  });

  test('is opened again after each loss, without an end', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    using client = clientOf(proxy.port);
    const { id, move } = await acceptedJob(gateway);
    const next = versionsOf(client.watch(id));
    expect(await next()).toBe(1);
    await until(() => client.connection.state, 'connected');
    const states = statesOf(client);
    proxy.upgrade = 'refuse';
    proxy.action = { status: 502, body: 'Bad Gateway' };
    proxy.cut();
    await until(() => proxy.upgrades, 5);
    proxy.upgrade = 'forward';
    await move(...WHOLE_LIFE.slice(0, 1));
    expect(await next()).toBe(2);
    expect(states).toEqual(['reconnecting', 'connected']);
  });

  test('that is silent is lost 5 seconds after a ping, and opened again', async () => {
    await using gateway = await startGateway();
    await using proxy = await TcpProxy.start(gateway.port);
    using client = clientOf(proxy.port);
    const { id, move } = await acceptedJob(gateway);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const next = versionsOf(client.watch(id));
    expect(await next()).toBe(1);
    await expect.poll(() => client.connection.state).toBe('connected');
    const states = statesOf(client);
    proxy.freezeLinks();
    const following = next();
    await vi.advanceTimersByTimeAsync(16_000);
    await until(() => states.length, 2);
    await move(...WHOLE_LIFE.slice(0, 1));
    expect(await following).toBe(2);
    expect(states).toEqual(['reconnecting', 'connected']);
  });

  test('whose WebSocket is never answered becomes event streams after 8 seconds', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    proxy.upgrade = 'hang';
    using client = clientOf(proxy.port);
    const { id } = await acceptedJob(gateway);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const first = versionsOf(client.watch(id))();
    await expect.poll(() => proxy.upgrades).toBe(1);
    await vi.advanceTimersByTimeAsync(8000);
    expect(await first).toBe(1);
  });

  test('tells a listener that was registered twice until both are removed', async () => {
    await using gateway = await startGateway();
    using client = clientOf(gateway.port);
    let calls = 0;
    const listener = () => (calls += 1);
    const removes = [client.connection.onChange(listener), client.connection.onChange(listener)];
    removes[0]?.();
    const changes = client.watchAll()[Symbol.asyncIterator]();
    changes.next().catch(() => {});
    expect(calls).toBe(1);
    removes[1]?.();
  });
});

describe('the token', () => {
  test('that expires is renewed: the watch continues', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const { id, move } = await acceptedJob(gateway, { ownerId: 'ada' });
    const [short, long] = [await signToken({ exp: START + 60 }), await signToken()];
    let token = short;
    using client = clientOf(gateway.port, { token: async () => token });
    const states = statesOf(client);
    const next = versionsOf(client.watch(id));
    expect(await next()).toBe(1);
    token = long;
    await until(() => client.connection.state, 'connected');
    await gateway.clock.advance(91_000);
    await until(() => states, ['connecting', 'connected', 'reconnecting', 'connected']);
    await move(...WHOLE_LIFE);
    expect(await lastOf(next)).toBe(6);
  });

  test.each([
    ['is missing', null],
    ['is wrong', 'wrong'],
  ])('that %s ends watches with UNAUTHENTICATED, until there is another one', async (_, first) => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const { id } = await acceptedJob(gateway, { ownerId: 'ada' });
    let token: string | null = first;
    let calls = 0;
    using client = clientOf(gateway.port, {
      token: () => {
        calls += 1;
        return token;
      },
    });
    const states = statesOf(client);
    await expect(versionsOf(client.watch(id))()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(client.watchAll()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(client.connection.error).toMatchObject({ code: 'UNAUTHENTICATED' });
    // Twice for each connection: it may have expired the first time.
    expect(calls).toBe(4);
    token = await signToken();
    client.connection.reconnect();
    expect(client.connection).toMatchObject({ state: 'idle', error: null });
    expect(await versionsOf(client.watch(id))()).toBe(1);
    await until(() => client.connection.state, 'connected');
    expect(states).toEqual(
      'connecting reconnecting refused connecting reconnecting refused idle connecting connected'.split(' '),
    );
  });

  test('of another user is used after reconnect()', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    let token = await signToken();
    using client = clientOf(gateway.port, { token: () => token });
    const changes = client.watchAll()[Symbol.asyncIterator]();
    await changes.next();
    token = await signToken({ sub: 'grace' });
    client.connection.reconnect();
    expect((await changes.next()).value).toEqual({ type: 'watching' });
    const { id } = await acceptedJob(gateway, { ownerId: 'grace' });
    await new JobMover(gateway).move(id, WHOLE_LIFE[0] ?? PROCESSING);
    expect((await changes.next()).value).toMatchObject({ job: { id } });
  });

  test('is asked for again after an error of its function, which the connection shows', async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    let failures = 1;
    using client = clientOf(gateway.port, {
      token: async () => {
        if (failures-- > 0) throw new Error('no session');
        return null;
      },
    });
    const first = versionsOf(client.watch(id))();
    await until(() => client.connection.error?.cause, new Error('no session'));
    expect(await first).toBe(1);
    await until(() => client.connection.error, null);
  });
});

test('a gateway that does not allow the host ends watches with NOT_ALLOWED and its reason', async () => {
  await using gateway = await startGateway({ settings: { ALLOWED_HOSTS: 'reelgate.example.com' } });
  using client = clientOf(gateway.port);
  const iterator = client.watch('vj_1')[Symbol.asyncIterator]();
  await expect(iterator.next()).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining('ALLOWED_HOSTS'),
  });
  expect(client.connection.state).toBe('refused');
});

test('a video is generated although the gateway is killed and started again meanwhile', async () => {
  using folder = tempFolder();
  const port = await freePort();
  const settings = { PORT: String(port), DATA_DIR: folder.path, SANDBOX_SPEED: '10' };
  using client = clientOf(port);
  await using resources = new AsyncDisposableStack();
  const first = resources.use(await spawnGateway(settings));
  const versions: number[] = [];
  const statuses = new Set<string>();
  const generating = client.generate(
    { image: new Blob([PNG]), prompt: 'the waves roll in' },
    {
      onUpdate: ({ version, status }) => {
        versions.push(version);
        statuses.add(status);
      },
    },
  );
  generating.catch(() => {});
  // A gateway that is killed while it sends the job looks for it for minutes.
  await expect.poll(() => statuses.has('PROCESSING')).toBe(true);
  first.kill('SIGKILL');
  await first.exited;
  await until(() => client.connection.state, 'reconnecting');
  resources.use(await spawnGateway(settings));
  const { id, video } = await generating;
  expect((await fetch(video.url ?? '')).status).toBe(200);
  expect(versions).toEqual(versions.toSorted((one, other) => one - other));
  expect((await client.jobs()).jobs.map((job) => job.id)).toEqual([id]);
});
