import { describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { dataOf } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { jobId } from '../support/jobs.ts';
import { DAY, NOON } from '../support/times.ts';
import { until } from '../support/until.ts';

const OUTCOME = `__typename
  ... on DeleteVideoJobSuccess { id }
  ... on DeleteVideoJobUnfinished { message job { id version status } }
  ... on VideoJobNotFound { id message }`;
const DELETE = `mutation ($id: ID!) { deleteVideoJob(id: $id) { ${OUTCOME} } }`;

interface Deleted {
  readonly __typename: string;
  readonly message?: string;
}

async function deleteJob(url: string, id: string): Promise<Deleted> {
  return (await dataOf<{ deleteVideoJob: Deleted }>(url, DELETE, { id })).deleteVideoJob;
}

/** A job that has ended. */
async function finishedJob(gateway: Gateway, ownerId?: string): Promise<string> {
  const mover = new JobMover(gateway);
  const { id } = await mover.accept(ownerId === undefined ? {} : { ownerId });
  await mover.move(id, ...WHOLE_LIFE);
  return id;
}

describe('deleteVideoJob', () => {
  it('removes a job from all reads and lists at once', async () => {
    await using gateway = await startGateway();
    const [id, other] = [await finishedJob(gateway), await finishedJob(gateway)];
    // Each is read before, by an operation that is compiled when it is repeated.
    const read = `query ($id: ID!) { videoJob(id: $id) { id video { url } } node(id: $id) { id } nodes(ids: [$id]) { id }
      _entities(representations: [{ __typename: "VideoJob", id: "${id}" }]) { ... on VideoJob { id } }
      videoJobs { nodes { id } } completed: videoJobs(status: [COMPLETED]) { nodes { id } } }`;
    for (let times = 0; times < 4; times += 1) {
      expect(await dataOf(gateway.url, read, { id })).toMatchObject({ videoJob: { id }, node: { id } });
    }
    expect(await deleteJob(gateway.url, id)).toEqual({ __typename: 'DeleteVideoJobSuccess', id });
    expect(await dataOf(gateway.url, read, { id })).toEqual({
      videoJob: null,
      node: null,
      nodes: [null],
      _entities: [null],
      videoJobs: { nodes: [{ id: other }] },
      completed: { nodes: [{ id: other }] },
    });
    expect(await deleteJob(gateway.url, id)).toEqual({
      __typename: 'VideoJobNotFound',
      id,
      message: 'There is no such video job.',
    });
  });

  it('repeats the beginning of an unknown id, without half a character', async () => {
    await using gateway = await startGateway();
    const long = 'x'.repeat(99);
    expect(await deleteJob(gateway.url, `${long}😀`)).toMatchObject({ id: long });
    expect(await deleteJob(gateway.url, `${long}é😀`)).toMatchObject({ id: `${long}é` });
  });

  it.each(TRANSPORTS)('leaves nothing to watch over $name', async ({ open }) => {
    await using gateway = await startGateway();
    const id = await finishedJob(gateway);
    const watch = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';
    using before = await open(gateway.url, watch, { id });
    await before.result();
    await before.completed();
    await deleteJob(gateway.url, id);
    using after = await open(gateway.url, watch, { id });
    expect((await after.result()).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  it('removes a job that the same operation has read', async () => {
    await using gateway = await startGateway();
    const id = await finishedJob(gateway);
    const token = `createJobToken(id: "${id}") { __typename }`;
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `mutation { a: ${token} deleteVideoJob(id: "${id}") { __typename } b: ${token} }`,
      }),
    });
    const { errors } = JSON.parse(await answer.text());
    expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'NOT_FOUND' } }]);
  });

  it.each([0, 1, 2, 3, 4])('refuses a job that has not ended: after step %i', async (steps) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE.slice(0, steps));
    const status = steps < 3 ? 'QUEUED' : 'PROCESSING';
    expect(await deleteJob(gateway.url, id)).toEqual({
      __typename: 'DeleteVideoJobUnfinished',
      message: `The job is ${status}. Delete it when it has ended; \`cancelVideoJob\` ends one that was not sent yet.`,
      job: { id, version: steps + 1, status },
    });
    expect(await gateway.store.getMany([id])).not.toEqual([null]);
  });

  it('deletes a job that was canceled', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const answer = await dataOf<Record<string, Deleted>>(
      gateway.url,
      `mutation { cancelVideoJob(id: "${id}") { __typename } deleteVideoJob(id: "${id}") { __typename } }`,
    );
    expect(answer).toEqual({
      cancelVideoJob: { __typename: 'CancelVideoJobSuccess' },
      deleteVideoJob: { __typename: 'DeleteVideoJobSuccess' },
    });
    expect(await gateway.store.getMany([id])).toEqual([null]);
  });

  it('finds no unknown job and no other owner’s', async () => {
    await using gateway = await startGateway();
    const theirs = await finishedJob(gateway, 'bob');
    for (const id of [theirs, jobId(NOON)]) {
      expect(await deleteJob(gateway.url, id)).toMatchObject({ __typename: 'VideoJobNotFound', id });
    }
    expect(await gateway.store.getMany([theirs])).not.toEqual([null]);
  });

  it('keeps its idempotency key taken for 24 hours', async () => {
    await using gateway = await startGateway();
    const keyed = { ...INPUT, idempotencyKey: 'press-1' };
    const { job } = await generate(gateway.url, keyed);
    const id = job?.id ?? '';
    await new JobMover(gateway).move(id, ...WHOLE_LIFE);
    await deleteJob(gateway.url, id);
    for (const input of [keyed, { ...keyed, prompt: 'another' }]) {
      expect(await generate(gateway.url, input)).toMatchObject({
        __typename: 'GenerateVideoInvalidInput',
        issues: [
          {
            path: ['idempotencyKey'],
            message: 'belongs to a job that was deleted. Use another key to create another job.',
          },
        ],
      });
    }
    gateway.clock.jump(DAY);
    expect((await generate(gateway.url, keyed)).deduplicated).toBe(false);
  });
});

describe.each(TRANSPORTS)('videoJobsDeleted over $name', ({ open }) => {
  const WATCH = 'subscription { videoJobsDeleted }';

  it('delivers the ids of the caller’s deleted jobs, in order, to each subscriber', async () => {
    await using gateway = await startGateway();
    const theirs = await finishedJob(gateway, 'bob');
    const ids = [await finishedJob(gateway), await finishedJob(gateway), await finishedJob(gateway)];
    using one = await open(gateway.url, WATCH);
    using other = await open(gateway.url, `subscription { gone: videoJobsDeleted }`);
    using same = await open(gateway.url, WATCH);
    await until(() => gateway.store.listenerCount, 3);
    const [bobs] = await gateway.store.getMany([theirs]);
    if (bobs != null) await gateway.store.remove(bobs);
    for (const id of ids) {
      await deleteJob(gateway.url, id);
      expect(await one.result()).toEqual({ data: { videoJobsDeleted: id } });
      expect(await other.result()).toEqual({ data: { gone: id } });
      expect(await same.result()).toEqual({ data: { videoJobsDeleted: id } });
    }
  });
});
