import { describe, expect, it } from 'vitest';
import { MAX_WAITING_JOBS } from '../../../../src/watching/watch-owner.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { SseClient } from '../../../support/gateway/sse-client.ts';
import { WsClient } from '../../../support/gateway/ws-client.ts';
import { until } from '../../../support/until.ts';

const WATCH_JOB = `subscription ($id: ID!) {
  videoJobUpdated(id: $id) { version isTerminal request { prompt } }
}`;
const WATCH_ALL = 'subscription { videoJobsUpdated { id version request { prompt } } }';
const MIB = 1024 * 1024;

interface JobUpdate {
  readonly videoJobUpdated: { readonly version: number; readonly isTerminal: boolean };
}
interface AnyUpdate {
  readonly videoJobsUpdated: { readonly id: string; readonly version: number };
}

/** Saves versions of 1 MiB each, then the final one. @returns the number of the final version */
async function bigLife(mover: JobMover, id: string, versions: number): Promise<number> {
  for (let count = 0; count < versions; count++) {
    await mover.grow(id, MIB);
    await nextTurn();
  }
  const { version } = await mover.move(id, ...WHOLE_LIFE);
  return version;
}

/** Waits for the next turn of the event loop: by then the server has written what the sockets accept. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a client that stops reading', () => {
  it('skips versions over WebSocket, gets the last one, and takes little memory', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', WATCH_JOB, { id });
    await client.next('1');
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const final = await bigLife(mover, id, 100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * MIB);
    client.socket.resume();
    const seen: number[] = [];
    for (let isTerminal = false; !isTerminal;) {
      const { data } = await client.result<JobUpdate>('1');
      seen.push(data?.videoJobUpdated.version ?? 0);
      isTerminal = data?.videoJobUpdated.isTerminal ?? true;
    }
    expect((await client.next('1')).type).toBe('complete');
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(final);
    expect(seen.length).toBeLessThan(50);
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('skips versions over SSE, gets the last one, and takes little memory', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    using client = await SseClient.open(gateway.url, WATCH_JOB, { variables: { id } });
    await client.next();
    client.response.pause();
    const before = process.memoryUsage().arrayBuffers;
    const final = await bigLife(mover, id, 100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * MIB);
    client.response.resume();
    const seen: number[] = [];
    for (let isTerminal = false; !isTerminal;) {
      const { data } = await client.result<JobUpdate>();
      seen.push(data?.videoJobUpdated.version ?? 0);
      isTerminal = data?.videoJobUpdated.isTerminal ?? true;
    }
    expect((await client.next()).event).toBe('complete');
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(final);
    expect(seen.length).toBeLessThan(50);
    expect(gateway.store.listenerCount).toBe(0);
  });

  it('gets the newest version of each job from videoJobsUpdated', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const jobs = [await mover.accept(), await mover.accept()];
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', WATCH_ALL);
    await until(() => gateway.store.listenerCount, 1);
    client.socket.pause();
    const newest = new Map<string, number>();
    for (let count = 0; count < 60; count++) {
      for (const { id } of jobs) newest.set(id, (await mover.grow(id, MIB)).version);
      await nextTurn();
    }
    client.socket.resume();
    const seen = new Map<string, number>();
    while (jobs.some(({ id }) => seen.get(id) !== newest.get(id))) {
      const { data } = await client.result<AnyUpdate>('1');
      if (data != null) seen.set(data.videoJobsUpdated.id, data.videoJobsUpdated.version);
    }
    expect(client.pending).toEqual([]);
  });

  it('gets SLOW_SUBSCRIBER when too many jobs changed, and its socket stays open', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', WATCH_ALL);
    await until(() => gateway.store.listenerCount, 1);
    client.socket.pause();
    const { id } = await mover.accept();
    for (let count = 0; count < 12; count++) {
      await mover.grow(id, MIB);
      await nextTurn();
    }
    for (let count = 0; count < MAX_WAITING_JOBS + 2; count++) await mover.accept();
    await until(() => gateway.store.listenerCount, 0);
    client.socket.resume();
    let message = await client.next('1');
    while (message.type === 'next') message = await client.next('1');
    expect(message).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'SLOW_SUBSCRIBER' } }] });
    await client.processed();
  });
});

it('the server stops reading from a socket whose client does not read answers', async () => {
  await using gateway = await startGateway();
  using client = await WsClient.connect(gateway.url);
  client.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  const payload = 'x'.repeat(60_000);
  // 300 MB of pings. Each pong has the payload of its ping.
  for (let count = 0; count < 5000 && client.socket.bufferedAmount < 64 * MIB; count++) {
    client.send({ type: 'ping', payload: { payload } });
    await nextTurn();
  }
  expect(client.socket.bufferedAmount).toBeGreaterThanOrEqual(64 * MIB);
  // The buffered bytes of the client are in the same process.
  expect(process.memoryUsage().arrayBuffers - before - client.socket.bufferedAmount).toBeLessThan(30 * MIB);
  client.socket.resume();
  await client.processed();
});
