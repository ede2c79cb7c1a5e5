import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { INPUT, generate } from '../support/gateway/generate.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { type OpenStream, TRANSPORTS } from '../support/gateway/streams.ts';
import { until } from '../support/until.ts';

interface Update {
  readonly videoJobsUpdated: { readonly id: string; readonly version: number };
}

const WATCH = 'subscription { videoJobsUpdated { id version } }';

async function update(stream: OpenStream): Promise<Update['videoJobsUpdated'] | undefined> {
  return (await stream.result<Update>()).data?.videoJobsUpdated;
}

describe.each(TRANSPORTS)('videoJobsUpdated over $name', ({ open }) => {
  it('delivers every change of the caller’s jobs from now on, new jobs included', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id: old } = await mover.accept();
    using stream = await open(gateway.url, WATCH);
    await until(() => gateway.store.listenerCount, 1);
    const { job } = await generate(gateway.url, INPUT);
    expect(await update(stream)).toEqual({ id: job?.id, version: 1 });
    await mover.move(old, { type: 'submit-started' });
    expect(await update(stream)).toEqual({ id: old, version: 2 });
  });

  it('continues after a job has ended', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    using stream = await open(gateway.url, WATCH);
    await until(() => gateway.store.listenerCount, 1);
    for (const observation of WHOLE_LIFE) {
      const { version } = await mover.move(id, observation);
      expect(await update(stream)).toEqual({ id, version });
    }
    const next = await mover.accept();
    expect(await update(stream)).toEqual({ id: next.id, version: 1 });
  });

  it('does not deliver another owner’s jobs', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    using stream = await open(gateway.url, WATCH);
    await until(() => gateway.store.listenerCount, 1);
    const theirs = await mover.accept({ ownerId: 'bob' });
    await mover.move(theirs.id, { type: 'submit-started' });
    const own = await mover.accept();
    expect(await update(stream)).toEqual({ id: own.id, version: 1 });
  });

  it('delivers all changes to each subscriber', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    using one = await open(gateway.url, WATCH);
    using other = await open(gateway.url, WATCH);
    await until(() => gateway.store.listenerCount, 2);
    const { id } = await mover.accept();
    expect([await update(one), await update(other)]).toEqual([
      { id, version: 1 },
      { id, version: 1 },
    ]);
  });
});
