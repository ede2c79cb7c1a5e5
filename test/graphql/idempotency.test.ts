import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { INPUT, generate } from '../support/gateway/generate.ts';
import { dataOf } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { acceptedJob, record } from '../support/jobs.ts';
import { DAY } from '../support/times.ts';

const KEYED = { ...INPUT, idempotencyKey: 'press-1' };

it('creates one job for 20 equal concurrent calls', async () => {
  await using gateway = await startGateway();
  const answers = await Promise.all(Array.from({ length: 20 }, () => generate(gateway.url, KEYED)));
  expect(new Set(answers.map(({ job }) => job?.id)).size).toBe(1);
  expect(answers.filter(({ deduplicated }) => deduplicated === true)).toHaveLength(19);
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: object[] } }>(
    gateway.url,
    '{ videoJobs { nodes { id } } }',
  );
  expect(videoJobs.nodes).toHaveLength(1);
});

it('gives the same job with explicit defaults or added spaces', async () => {
  await using gateway = await startGateway();
  const { job } = await generate(gateway.url, KEYED);
  const again = await generate(gateway.url, { ...KEYED, prompt: ` ${INPUT.prompt} `, steps: 30, seed: null });
  expect([again.deduplicated, again.job?.id]).toEqual([true, job?.id]);
});

it('refuses a key that was used with another input, and gives that job', async () => {
  await using gateway = await startGateway();
  const { job } = await generate(gateway.url, KEYED);
  const other = await generate(gateway.url, { ...KEYED, steps: 31 });
  expect(other).toEqual({
    __typename: 'GenerateVideoIdempotencyConflict',
    code: 'IDEMPOTENCY_CONFLICT',
    message: expect.any(String),
    job: { id: job?.id },
  });
});

it('gives the same job also when it has changed, and when a limit is reached', async () => {
  await using gateway = await startGateway({ settings: { MAX_UNFINISHED_JOBS: '1' } });
  const { job } = await generate(gateway.url, KEYED);
  await new JobMover(gateway).move(job?.id ?? '', { type: 'submit-started' });
  const again = await generate(gateway.url, KEYED);
  expect([again.deduplicated, again.job?.id]).toEqual([true, job?.id]);
});

it('forgets a key after 24 hours', async () => {
  await using gateway = await startGateway();
  const { job } = await generate(gateway.url, KEYED);
  gateway.clock.jump(DAY - 1);
  expect((await generate(gateway.url, KEYED)).job?.id).toBe(job?.id);
  gateway.clock.jump(1);
  expect((await generate(gateway.url, KEYED)).deduplicated).toBe(false);
});

it('keeps the keys of owners apart', async () => {
  await using gateway = await startGateway();
  const theirs = acceptedJob({ ownerId: 'bob' });
  await gateway.store.create(record(theirs, { idempotencyKey: KEYED.idempotencyKey }));
  const { job, deduplicated } = await generate(gateway.url, KEYED);
  expect(deduplicated).toBe(false);
  expect(job?.id).not.toBe(theirs.id);
});

it('creates a job for each of two calls without a key', async () => {
  await using gateway = await startGateway();
  const ids = [await generate(gateway.url, INPUT), await generate(gateway.url, INPUT)].map(
    ({ job }) => job?.id,
  );
  expect(new Set(ids).size).toBe(2);
});
