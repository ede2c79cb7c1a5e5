import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';

interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const QUERY = `query ($first: Int, $after: String, $last: Int, $before: String, $status: [VideoJobStatus!]) {
  videoJobs(first: $first, after: $after, last: $last, before: $before, status: $status) {
    nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function page(gateway: Gateway, variables: Readonly<Record<string, unknown>> = {}): Promise<Page> {
  return (await dataOf<{ videoJobs: Page }>(gateway.url, QUERY, variables)).videoJobs;
}

const ids = ({ nodes }: Page) => nodes.map(({ id }) => id);

/** Creates jobs of the caller, with jobs of another owner between them. @returns their ids, newest first */
async function acceptJobs(gateway: Gateway, count: number): Promise<string[]> {
  const mover = new JobMover(gateway);
  const jobs: Job[] = [];
  for (let index = 0; index < count; index++) {
    jobs.push(await mover.accept());
    await mover.accept({ ownerId: 'bob' });
  }
  return jobs.map(({ id }) => id).toReversed();
}

describe('videoJobs', () => {
  it('is an empty page without cursors when there are none', async () => {
    await using gateway = await startGateway();
    expect(await page(gateway)).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it('gives the caller’s jobs only, newest first, 20 by default', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 21);
    const first = await page(gateway);
    expect(ids(first)).toEqual(jobs.slice(0, 20));
    expect(first.edges.map(({ node }) => node.id)).toEqual(ids(first));
    expect(first.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: first.edges[0]?.cursor,
      endCursor: first.edges.at(-1)?.cursor,
    });
  });

  it('has no next page when the last job is in it', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 3);
    const whole = await page(gateway, { first: 3 });
    expect([ids(whole), whole.pageInfo.hasNextPage]).toEqual([jobs, false]);
  });

  it('is read forwards page by page without gaps and repetitions', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 7);
    const walked: string[][] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const next: Page = await page(gateway, { first: 3, after });
      walked.push(ids(next));
      ({ endCursor: after, hasNextPage: more } = next.pageInfo);
    }
    expect(walked).toEqual([jobs.slice(0, 3), jobs.slice(3, 6), jobs.slice(6)]);
  });

  it('is read backwards page by page without gaps and repetitions', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 7);
    const walked: string[][] = [];
    let before: string | null = null;
    for (let more = true; more;) {
      const next: Page = await page(gateway, { last: 3, before });
      walked.push(ids(next));
      ({ startCursor: before, hasPreviousPage: more } = next.pageInfo);
    }
    expect(walked).toEqual([jobs.slice(4), jobs.slice(1, 4), jobs.slice(0, 1)]);
  });

  it('does not shift when new jobs are added', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 4);
    const first = await page(gateway, { first: 2 });
    await acceptJobs(gateway, 2);
    expect(ids(await page(gateway, { first: 2, after: first.pageInfo.endCursor }))).toEqual(jobs.slice(2));
  });

  it('is bounded by both cursors when both are given', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 6);
    const { edges } = await page(gateway);
    const between = { after: edges[1]?.cursor, before: edges[4]?.cursor };
    expect(ids(await page(gateway, { ...between, first: 10 }))).toEqual(jobs.slice(2, 4));
  });

  it('is filtered by status, across pages too', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const moved: string[] = [];
    for (let index = 0; index < 6; index++) {
      const { id } = await mover.accept();
      if (index % 2 === 1) continue;
      await mover.move(id, ...WHOLE_LIFE);
      moved.unshift(id);
    }
    const first = await page(gateway, { first: 2, status: ['COMPLETED'] });
    expect([ids(first), first.pageInfo.hasNextPage]).toEqual([moved.slice(0, 2), true]);
    const next = { first: 2, status: ['COMPLETED'], after: first.pageInfo.endCursor };
    const second = await page(gateway, next);
    expect([ids(second), second.pageInfo.hasNextPage]).toEqual([moved.slice(2), false]);
    expect(ids(await page(gateway, { status: ['COMPLETED', 'QUEUED'] }))).toHaveLength(6);
    expect(ids(await page(gateway, { status: ['FAILED', 'PROCESSING'] }))).toEqual([]);
    expect(ids(await page(gateway, { status: [] }))).toEqual([]);
    expect(ids(await page(gateway, { status: null }))).toHaveLength(6);
  });

  it.each([
    [{ first: 0 }, '`first` must be from 1 to 100, not 0.'],
    [{ first: -1 }, '`first` must be from 1 to 100, not -1.'],
    [{ first: 101 }, '`first` must be from 1 to 100, not 101.'],
    [{ last: 101 }, '`last` must be from 1 to 100, not 101.'],
    [{ last: 0 }, '`last` must be from 1 to 100, not 0.'],
    [{ first: 1, last: 1 }, 'Give `first` or `last`, not both.'],
    [{ after: 'garbage' }, '`after` is not a cursor of this list.'],
    [{ after: '' }, '`after` is not a cursor of this list.'],
    [{ before: `${jobId(NOON)}x` }, '`before` is not a cursor of this list.'],
  ])('refuses %j by name', async (variables, message) => {
    await using gateway = await startGateway();
    const { data, errors } = await graphql(gateway.url, QUERY, variables);
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(gateway.log.errors).toEqual([]);
  });

  it('has up to 100 jobs', async () => {
    await using gateway = await startGateway();
    const jobs = await acceptJobs(gateway, 101);
    expect(ids(await page(gateway, { first: 100 }))).toEqual(jobs.slice(0, 100));
    expect(ids(await page(gateway, { last: 100 }))).toEqual(jobs.slice(1));
  });

  it('accepts the cursor of a deleted or unknown job as a place in the list', async () => {
    await using gateway = await startGateway();
    const [, older] = await acceptJobs(gateway, 1);
    const cursor = jobId(NOON);
    const [newer] = await acceptJobs(gateway, 1);
    const { nodes } = await page(gateway, { after: cursor });
    expect(older).toBeUndefined();
    expect(nodes.map(({ id }) => id)).not.toContain(newer);
    expect(nodes).toHaveLength(1);
  });
});
