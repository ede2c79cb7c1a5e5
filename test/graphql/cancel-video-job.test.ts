import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { jobId } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';

const CANCEL = `mutation ($id: ID!) { cancelVideoJob(id: $id) {
  __typename
  ... on CancelVideoJobSuccess { job { id version status finishedAt failure { code retryable charged } } }
  ... on CancelVideoJobTooLate { message job { id version status } }
  ... on VideoJobNotFound { id message }
} }`;

interface Canceled {
  readonly __typename: string;
  readonly message?: string;
  readonly job?: object;
}

async function cancel(url: string, id: string): Promise<Canceled> {
  return (await dataOf<{ cancelVideoJob: Canceled }>(url, CANCEL, { id })).cancelVideoJob;
}

describe('cancelVideoJob', () => {
  it('ends a job that was not sent yet, and gives the same result again', async () => {
    await using gateway = await startGateway();
    const { job } = await generate(gateway.url, INPUT);
    const id = job?.id ?? '';
    const canceled = {
      __typename: 'CancelVideoJobSuccess',
      job: {
        id,
        version: 2,
        status: 'FAILED',
        finishedAt: new Date(NOON).toISOString(),
        failure: { code: 'CANCELED', retryable: false, charged: 'NO' },
      },
    };
    expect(await cancel(gateway.url, id)).toEqual(canceled);
    gateway.clock.jump(1000);
    expect(await cancel(gateway.url, id)).toEqual(canceled);
    const { videoJob } = await dataOf<{ videoJob: object }>(
      gateway.url,
      `{ videoJob(id: "${id}") { version status failure { code } } }`,
    );
    expect(videoJob).toEqual({ version: 2, status: 'FAILED', failure: { code: 'CANCELED' } });
  });

  it.each([
    [1, 'QUEUED', 'is being sent'],
    [2, 'QUEUED', 'has accepted the job'],
    [3, 'PROCESSING', 'has accepted the job'],
    [4, 'PROCESSING', 'has accepted the job'],
    [5, 'COMPLETED', 'it is COMPLETED'],
  ])('is too late after step %s, and says why', async (steps, status, reason) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE.slice(0, steps));
    const outcome = await cancel(gateway.url, id);
    expect(outcome).toEqual({
      __typename: 'CancelVideoJobTooLate',
      message: expect.stringContaining(reason),
      job: { id, version: steps + 1, status },
    });
  });

  it.each([
    [
      'a lost answer',
      { type: 'submit-lost', message: 'Lost.', sentAt: null } as const,
      'the answer was lost',
    ],
    ['a refusal', { type: 'submit-refused', code: 'REJECTED', message: 'No.' } as const, 'it is FAILED'],
  ])('is too late after %s, and says why', async (_, observation, reason) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, { type: 'submit-started' }, observation);
    expect((await cancel(gateway.url, id)).message).toContain(reason);
  });

  it('finds no unknown job, no other owner’s, and repeats at most 100 characters of an id', async () => {
    await using gateway = await startGateway();
    const theirs = await new JobMover(gateway).accept({ ownerId: 'bob' });
    for (const id of [theirs.id, jobId(NOON), '', `${'x'.repeat(99)}😀${'x'.repeat(1000)}`]) {
      expect(await cancel(gateway.url, id)).toEqual({
        __typename: 'VideoJobNotFound',
        id: id.startsWith('x') ? 'x'.repeat(99) : id,
        message: 'There is no such video job.',
      });
    }
    expect(await gateway.store.getMany([theirs.id])).toEqual([theirs]);
  });

  it('answers STORE_UNAVAILABLE when the store cannot be written', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, { save: () => Promise.reject(new StoreUnavailableError('secret')) }),
    });
    const { job } = await generate(gateway.url, INPUT);
    const { data, errors } = await graphql(gateway.url, CANCEL, { id: job?.id });
    expect(data).toEqual({ cancelVideoJob: null });
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['STORE_UNAVAILABLE']);
  });

  it('lets another job take its place in the limits', async () => {
    const settings = { MAX_UNFINISHED_JOBS_PER_OWNER: '1', MAX_JOBS_PER_DAY: '1' };
    await using gateway = await startGateway({ settings });
    const { job } = await generate(gateway.url, INPUT);
    expect((await generate(gateway.url, INPUT)).code).toBe('OWNER_CAPACITY_EXCEEDED');
    await cancel(gateway.url, job?.id ?? '');
    expect((await generate(gateway.url, INPUT)).__typename).toBe('GenerateVideoSuccess');
  });
});

describe.each(TRANSPORTS)('a job that is canceled, over $name', ({ open }) => {
  it('ends its subscription with the final state, and is in the feed of all jobs', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const fields = '{ id version status failure { code } }';
    using one = await open(gateway.url, `subscription { videoJobUpdated(id: "${id}") ${fields} }`);
    using all = await open(gateway.url, `subscription { videoJobsUpdated ${fields} }`);
    await until(() => gateway.store.listenerCount, 2);
    await one.result();
    await cancel(gateway.url, id);
    const final = { id, version: 2, status: 'FAILED', failure: { code: 'CANCELED' } };
    expect(await one.result()).toEqual({ data: { videoJobUpdated: final } });
    expect(await all.result()).toEqual({ data: { videoJobsUpdated: final } });
    await one.completed();
  });
});
