import { expect, it } from 'vitest';
import type { Observation } from '../../src/domain/job/observation.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover, VIDEO, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON, SECOND } from '../support/times.ts';

const EVERYTHING = `
  id version status isTerminal progress createdAt submittedAt startedAt finishedAt estimatedCompletionAt
  upstreamRequestId request { prompt } metrics { queueSeconds inferenceSeconds costUsd }
  video { url base64 contentType byteLength expiresAt } failure { code message retryable charged }`;
const QUERY = `query ($id: ID!) { videoJob(id: $id) { ${EVERYTHING} } }`;

type Fields = Readonly<Record<string, unknown>>;

const iso = (time: number) => new Date(time).toISOString();

async function read(url: string, id: string): Promise<Fields | null> {
  return (await dataOf<{ videoJob: Fields | null }>(url, QUERY, { id })).videoJob;
}

it('shows an accepted job', async () => {
  await using gateway = await startGateway();
  const job = await new JobMover(gateway).accept();
  expect(await read(gateway.url, job.id)).toEqual({
    id: job.id,
    version: 1,
    status: 'QUEUED',
    isTerminal: false,
    progress: 0,
    createdAt: iso(NOON),
    submittedAt: null,
    startedAt: null,
    finishedAt: null,
    estimatedCompletionAt: null,
    upstreamRequestId: null,
    request: { prompt: 'a cat jumps' },
    metrics: null,
    video: null,
    failure: null,
  });
});

it('shows a processing job with its estimates', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const job = await mover.accept();
  await mover.move(job.id, ...WHOLE_LIFE.slice(0, 3));
  gateway.clock.jump(30 * SECOND);
  expect(await read(gateway.url, job.id)).toMatchObject({
    version: 4,
    status: 'PROCESSING',
    isTerminal: false,
    progress: expect.closeTo((0.9 * 30) / 48, 5),
    submittedAt: iso(NOON),
    startedAt: iso(NOON),
    // Nothing was learned from other jobs. The estimate depends on the 30 seconds that this one has already taken.
    estimatedCompletionAt: iso(NOON + 65_794),
    upstreamRequestId: 'up-1',
  });
});

it('shows a completed job with its video and metrics', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const job = await mover.accept();
  const metrics = { queueSeconds: 1.5, inferenceSeconds: 53.38, costUsd: 0.18 };
  const [collected] = WHOLE_LIFE.slice(-1);
  if (collected?.type !== 'video-collected') throw new Error('A whole life ends with a video.');
  await mover.move(job.id, ...WHOLE_LIFE.slice(0, -1), { ...collected, metrics });
  expect(await read(gateway.url, job.id)).toMatchObject({
    version: 6,
    status: 'COMPLETED',
    isTerminal: true,
    progress: 1,
    finishedAt: iso(NOON),
    estimatedCompletionAt: null,
    metrics,
    video: {
      url: VIDEO.url,
      base64: null,
      contentType: 'video/mp4',
      byteLength: 1234,
      expiresAt: iso(VIDEO.expiresAt),
    },
    failure: null,
  });
});

it('shows a video as base64', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const job = await mover.accept();
  await mover.move(job.id, ...WHOLE_LIFE.slice(0, -1));
  await mover.collectInline(job.id, 'AAAAIGZ0eXA=');
  const shown = await read(gateway.url, job.id);
  expect(shown?.['video']).toMatchObject({ url: null, base64: 'AAAAIGZ0eXA=' });
});

it('shows why a job failed', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const job = await mover.accept();
  const unknown: Observation = { type: 'submit-unknown', message: 'The answer was lost.' };
  await mover.move(job.id, { type: 'submit-started' }, unknown);
  expect(await read(gateway.url, job.id)).toMatchObject({
    status: 'FAILED',
    isTerminal: true,
    video: null,
    failure: {
      code: 'SUBMISSION_UNKNOWN',
      message: 'The answer was lost.',
      retryable: true,
      charged: 'UNKNOWN',
    },
  });
});

it.each([
  ['unknown', jobId(NOON)],
  ['empty', ''],
  ['garbage', '" OR 1=1 --'],
  ['with a zero in it', 'vj_\u0000'],
  ['very long', 'x'.repeat(100_000)],
])('is null for an id that is %s', async (_, id) => {
  await using gateway = await startGateway();
  await new JobMover(gateway).accept();
  expect(await read(gateway.url, id)).toBeNull();
});

it('is null for another owner’s job', async () => {
  await using gateway = await startGateway();
  const job = await new JobMover(gateway).accept({ ownerId: 'bob' });
  expect(await read(gateway.url, job.id)).toBeNull();
});

it('reads the 50 jobs of one document with one call of the store', async () => {
  const calls: (readonly string[])[] = [];
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        getMany: (ids) => {
          calls.push(ids);
          return store.getMany(ids);
        },
      }),
  });
  const mover = new JobMover(gateway);
  const jobs = await Promise.all(Array.from({ length: 50 }, () => mover.accept()));
  const document = jobs.map(({ id }, index) => `j${index}: videoJob(id: "${id}") { id }`).join('\n');
  const data = await dataOf<Record<string, { id: string }>>(gateway.url, `{ ${document} }`);
  expect(Object.values(data).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
  expect(calls).toEqual([jobs.map(({ id }) => id)]);
});

it('reads again for every operation', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const job = await mover.accept();
  expect(await read(gateway.url, job.id)).toMatchObject({ version: 1 });
  await mover.move(job.id, { type: 'submit-started' });
  expect(await read(gateway.url, job.id)).toMatchObject({ version: 2 });
});

it('does not affect other fields when the store fails', async () => {
  await using gateway = await startGateway({
    wrapStore: (store) => overrideStore(store, { getMany: () => Promise.reject(new Error('secret')) }),
  });
  const { data, errors } = await graphql(
    gateway.url,
    '{ videoJob(id: "a") { id } videoJobs { nodes { id } } }',
  );
  expect(data).toEqual({ videoJob: null, videoJobs: { nodes: [] } });
  expect(errors).toMatchObject([{ path: ['videoJob'], message: 'Unexpected error.' }]);
});
