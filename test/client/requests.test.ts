import { type VideoJobChange, VideoJobFailedError } from '@reelgate/client';
import { expect, test } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, VIDEO, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { PNG } from '../support/gateway/upload.ts';
import { jobId } from '../support/jobs.ts';
import { HOUR, NOON } from '../support/times.ts';
import { until } from '../support/until.ts';
import { acceptedJob, clientOf } from './client.ts';

const INPUT = { image: 'https://example.com/cat.png', prompt: 'the waves roll in' };

test('generate resolves with the completed job, and reports each version from the first to the last', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const versions: number[] = [];
  const generating = client.generate(INPUT, { onUpdate: ({ version }) => versions.push(version) });
  await until(() => gateway.store.listenerCount, 1);
  const [job] = (await client.jobs()).jobs;
  await new JobMover(gateway).move(job?.id ?? '', ...WHOLE_LIFE);
  expect((await generating).video.url).toBe(VIDEO.url);
  expect([versions[0], versions.at(-1)]).toEqual([1, 6]);
});

test('generate rejects with the job and its failure code when the job fails', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const generating = client.generate(INPUT).catch((reason: unknown) => reason);
  await until(() => gateway.store.listenerCount, 1);
  const [job] = (await client.jobs()).jobs;
  await client.cancel(job?.id ?? '');
  const error = await generating;
  expect(error).toBeInstanceOf(VideoJobFailedError);
  expect(error).toMatchObject({ code: 'CANCELED', job: { id: job?.id, status: 'FAILED' } });
});

test('generate uploads a file once, and sends its URL', async () => {
  let uploads = 0;
  await using gateway = await startGateway({
    uploadImage: async () => ({ type: 'uploaded', url: `https://files.example.com/${(uploads += 1)}.png` }),
  });
  using client = clientOf(gateway.port);
  const shares: number[] = [];
  const image = new Blob([PNG]);
  const onUploadProgress = (share: number) => shares.push(share);
  const first = await client.submit({ ...INPUT, image }, { onUploadProgress });
  const second = await client.submit({ ...INPUT, image, prompt: 'another' });
  expect([first.request.image, second.request.image]).toEqual(
    Array(2).fill('https://files.example.com/1.png'),
  );
  expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
});

test('a refused input rejects with the gateway’s code and every issue', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  await expect(client.submit({ ...INPUT, prompt: ' ', steps: 1000 })).rejects.toMatchObject({
    name: 'ReelgateError',
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/^prompt .+\. steps .+\.$/),
    issues: [{ path: ['prompt'] }, { path: ['steps'] }],
  });
});

test.each([undefined, null])('without an image, %s, the input is refused', async (image) => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  await expect(client.submit(Object.assign({ ...INPUT }, { image }))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    issues: [{ path: ['image'] }],
  });
});

test('jobs are read one by one and in pages', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const ids: string[] = [];
  for (const prompt of ['one', 'two', 'three']) {
    await gateway.clock.advance(1);
    ids.unshift((await client.submit({ ...INPUT, prompt })).id);
  }
  const page = await client.jobs({ first: 2 });
  expect(page.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = await client.jobs({ first: 2, after: page.endCursor });
  expect([rest.jobs.map(({ id }) => id), rest.endCursor]).toEqual([ids.slice(2), null]);
  expect((await client.jobs({ filter: { prompt: 'two' } })).jobs).toHaveLength(1);
  expect((await client.job(ids[0] ?? ''))?.request.prompt).toBe('three');
  expect(await client.job(jobId(NOON))).toBeNull();
});

test('cancel and delete', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const { id } = await client.submit(INPUT);
  await expect(client.delete(id)).rejects.toMatchObject({ code: 'JOB_UNFINISHED', job: { id } });
  expect((await client.cancel(id)).failure?.code).toBe('CANCELED');
  await client.delete(id);
  await expect(client.delete(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.cancel(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const sent = await acceptedJob(gateway);
  await sent.move(...WHOLE_LIFE.slice(0, 2));
  await expect(client.cancel(sent.id)).rejects.toMatchObject({
    code: 'CANCEL_TOO_LATE',
    job: { id: sent.id },
  });
});

test('a video that the gateway stores is read as bytes', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  expect(await client.videoBytes(id)).toBeNull();
  await mover.move(id, ...WHOLE_LIFE.slice(0, 4));
  await mover.collectInline(id, Buffer.from('a video').toString('base64'), NOON + HOUR);
  const bytes = await client.videoBytes(id);
  expect([bytes?.type, await bytes?.text()]).toEqual(['video/mp4', 'a video']);
});

test('watchAll says when it watches, then reports new, changed and deleted jobs', async () => {
  await using gateway = await startGateway();
  using client = clientOf(gateway.port);
  const changes = client.watchAll()[Symbol.asyncIterator]();
  const next = async (): Promise<VideoJobChange | undefined> => (await changes.next()).value;
  expect(await next()).toEqual({ type: 'watching' });
  const { id } = await client.submit(INPUT);
  expect(await next()).toMatchObject({ type: 'updated', job: { id, version: 1 } });
  await client.cancel(id);
  expect(await next()).toMatchObject({ type: 'updated', job: { id, status: 'FAILED' } });
  await client.delete(id);
  expect(await next()).toEqual({ type: 'deleted', id });
});
