import { type WatchVideoJobOptions, watchVideoJob } from '@reelgate/client/watch-video-job';
import { createClient, type Client } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover, PROCESSING, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';

/** A client that reconnects at once and without limit. */
interface RecordingClient extends AsyncDisposable {
  readonly client: Client;
  /** The variables of each subscription that the client sent. */
  readonly subscribed: readonly unknown[];
}

function clientOf(port: number): RecordingClient {
  const subscribed: unknown[] = [];
  class RecordingWebSocket extends WebSocket {
    override send(data: string): void {
      const { type, payload } = JSON.parse(data);
      if (type === 'subscribe') subscribed.push(payload.variables);
      super.send(data);
    }
  }
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: RecordingWebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  return {
    client,
    subscribed,
    // dispose() rejects when there is no connection.
    [Symbol.asyncDispose]: async () => void (await Promise.allSettled([client.dispose()])),
  };
}

async function acceptedJob(gateway: Gateway) {
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  return {
    id,
    move: (...observations: Parameters<JobMover['move']>[1][]) => mover.move(id, ...observations),
  };
}

/** Reads the versions of a job one by one. */
function versionsOf(client: Client, id: string, options?: WatchVideoJobOptions) {
  const updates = watchVideoJob(client, id, options);
  return {
    updates,
    next: async () => {
      const { value, done } = await updates.next();
      return done === true || value === undefined ? 'end' : value.version;
    },
  };
}

describe('watchVideoJob', () => {
  test('yields the current state and each newer version in order, and ends with the terminal one', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id);
    const seen = [await next()];
    for (const observation of WHOLE_LIFE) {
      await move(observation);
      seen.push(await next());
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await next()).toBe('end');
    expect(watcher.subscribed).toHaveLength(1);
  });

  test('yields only versions newer than sinceVersion', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    await move(...WHOLE_LIFE.slice(0, 2));
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id, { sinceVersion: 3 });
    const first = next();
    await until(() => gateway.store.listenerCount, 1);
    await move(PROCESSING);
    expect(await first).toBe(4);
  });

  test('yields the terminal version even if sinceVersion is that version', async () => {
    await using gateway = await startGateway();
    const { id, move } = await acceptedJob(gateway);
    await move(...WHOLE_LIFE);
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id, { sinceVersion: 6 });
    expect([await next(), await next()]).toEqual([6, 'end']);
  });

  test('continues on a new connection from the last version', async () => {
    await using gateway = await startGateway();
    await using proxy = await TcpProxy.start(gateway.port);
    const { id, move } = await acceptedJob(gateway);
    await using watcher = clientOf(proxy.port);
    const { next } = versionsOf(watcher.client, id);
    await move(...WHOLE_LIFE.slice(0, 2));
    expect(await next()).toBe(3);

    proxy.cut();
    const following = next();
    await until(() => watcher.subscribed.length, 2);
    await until(() => gateway.store.listenerCount, 1);
    await move(PROCESSING);
    expect(await following).toBe(4);

    proxy.cut();
    await move(...WHOLE_LIFE.slice(3));
    expect([await next(), await next()]).toEqual([6, 'end']);
    expect(watcher.subscribed).toEqual([
      { id, sinceVersion: 0 },
      { id, sinceVersion: 3 },
      { id, sinceVersion: 4 },
    ]);
  });

  test('subscribes again when the gateway’s store is unavailable for a moment', async () => {
    let failures = 1;
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          getMany: async (ids) => {
            if (failures-- > 0) throw new Error('away');
            return store.getMany(ids);
          },
        }),
    });
    const { id } = await acceptedJob(gateway);
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id);
    expect(await next()).toBe(1);
    expect(watcher.subscribed).toHaveLength(2);
  });

  test('rejects an unknown job with the gateway’s error code', async () => {
    await using gateway = await startGateway();
    await using watcher = clientOf(gateway.port);
    const { updates } = versionsOf(watcher.client, jobId(NOON));
    await expect(updates.next()).rejects.toMatchObject({ name: 'WatchVideoJobError', code: 'NOT_FOUND' });
    expect(watcher.subscribed).toHaveLength(1);
  });

  test('ends without an error when its signal aborts, and unsubscribes', async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    const leaving = new AbortController();
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id, { signal: leaving.signal });
    expect(await next()).toBe(1);
    const following = next();
    leaving.abort();
    expect(await following).toBe('end');
    await until(() => gateway.store.listenerCount, 0);
  });

  test('does not subscribe when its signal is already aborted', async () => {
    await using watcher = clientOf(1);
    const { next } = versionsOf(watcher.client, 'vj_1', { signal: AbortSignal.abort() });
    expect(await next()).toBe('end');
    expect(watcher.subscribed).toEqual([]);
  });

  test('ends at once when aborted while the gateway is down', { timeout: 5000 }, async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    const leaving = new AbortController();
    await using watcher = clientOf(gateway.port);
    const { next } = versionsOf(watcher.client, id, { signal: leaving.signal });
    expect(await next()).toBe(1);
    const following = next();
    await gateway.stop();
    leaving.abort();
    expect(await following).toBe('end');
  });

  test('ends at a break while the gateway is down', { timeout: 5000 }, async () => {
    await using gateway = await startGateway();
    const { id } = await acceptedJob(gateway);
    const seen: number[] = [];
    await using watcher = clientOf(gateway.port);
    for await (const job of watchVideoJob(watcher.client, id)) {
      seen.push(job.version);
      await gateway.stop();
      break;
    }
    expect(seen).toEqual([1]);
  });
});
