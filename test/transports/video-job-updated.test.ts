import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, VIDEO, PROCESSING, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { type OpenStream, TRANSPORTS } from '../support/gateway/streams.ts';
import { jobId } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';

interface Update {
  readonly videoJobUpdated: {
    readonly version: number;
    readonly status: string;
    readonly video: object | null;
  };
}

const WATCH = `subscription ($id: ID!, $sinceVersion: Int) {
  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { version status video { url } }
}`;

async function update(stream: OpenStream): Promise<Update['videoJobUpdated']> {
  const { data, errors } = await stream.result<Update>();
  if (data == null) throw new Error(`There is no data: ${JSON.stringify(errors)}`);
  return data.videoJobUpdated;
}

describe.each(TRANSPORTS)('videoJobUpdated over $name', ({ open }) => {
  it('delivers the current state at once, each newer version in order, and then completes', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    using stream = await open(gateway.url, WATCH, { id });
    expect(await update(stream)).toEqual({ version: 1, status: 'QUEUED', video: null });
    const seen: (number | string)[] = [];
    for (const observation of WHOLE_LIFE) {
      await mover.move(id, observation);
      const { version, status } = await update(stream);
      seen.push(version, status);
    }
    expect(seen).toEqual([2, 'QUEUED', 3, 'QUEUED', 4, 'PROCESSING', 5, 'PROCESSING', 6, 'COMPLETED']);
    await stream.completed();
    await until(() => gateway.store.listenerCount, 0);
  });

  it('delivers a final job and completes', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE);
    using stream = await open(gateway.url, WATCH, { id });
    expect(await update(stream)).toEqual({ version: 6, status: 'COMPLETED', video: { url: VIDEO.url } });
    await stream.completed();
    await until(() => gateway.store.listenerCount, 0);
  });

  it('skips versions up to sinceVersion', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE.slice(0, 2));
    using upToDate = await open(gateway.url, WATCH, { id, sinceVersion: 3 });
    using behind = await open(gateway.url, WATCH, { id, sinceVersion: 2 });
    expect((await update(behind)).version).toBe(3);
    await until(() => gateway.store.listenerCount, 2);
    await mover.move(id, PROCESSING);
    expect((await update(upToDate)).version).toBe(4);
    expect((await update(behind)).version).toBe(4);
  });

  it.each([6, 7, 2 ** 31 - 1])(
    'delivers the final version also to a client that has version %i',
    async (sinceVersion) => {
      await using gateway = await startGateway();
      const mover = new JobMover(gateway);
      const { id } = await mover.accept();
      await mover.move(id, ...WHOLE_LIFE);
      using stream = await open(gateway.url, WATCH, { id, sinceVersion });
      expect((await update(stream)).status).toBe('COMPLETED');
      await stream.completed();
    },
  );

  it.each([0, -1, null])('treats sinceVersion %s as absent', async (sinceVersion) => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    using stream = await open(gateway.url, WATCH, { id, sinceVersion });
    expect((await update(stream)).version).toBe(1);
  });

  it.each([
    ['unknown', () => jobId(NOON)],
    ['garbage', () => '\u0000"'],
  ])('refuses an id that is %s with NOT_FOUND, and ends', async (_, makeId) => {
    await using gateway = await startGateway();
    using stream = await open(gateway.url, WATCH, { id: makeId() });
    const { data, errors } = await stream.result();
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ path: ['videoJobUpdated'], extensions: { code: 'NOT_FOUND' } }]);
    await stream.completed();
    expect(gateway.store.listenerCount).toBe(0);
    expect(gateway.log.errors).toEqual([]);
  });

  it('refuses another owner’s job with NOT_FOUND', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept({ ownerId: 'bob' });
    using stream = await open(gateway.url, WATCH, { id });
    expect((await stream.result()).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    await until(() => gateway.store.listenerCount, 0);
  });
});
