import { describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { jobId, videoRequest } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON, SECOND } from '../support/times.ts';

const QUERY = `query ($filter: VideoJobFilter, $status: [VideoJobStatus!], $first: Int, $after: String, $last: Int, $before: String) {
  videoJobs(filter: $filter, status: $status, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } pageInfo { hasNextPage startCursor endCursor }
  }
}`;

interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function tryList(gateway: Gateway, variables: object) {
  return graphql<{ videoJobs: Page }>(gateway.url, QUERY, { ...variables });
}

async function list(gateway: Gateway, variables: object): Promise<string[]> {
  const { data, errors } = await tryList(gateway, variables);
  if (data?.videoJobs == null) throw new Error(JSON.stringify(errors));
  return data.videoJobs.nodes.map(({ id }) => id);
}

/** Creates two jobs in each of these milliseconds. @returns the ids in pairs */
async function acceptAt(gateway: Gateway, ...times: readonly number[]): Promise<string[][]> {
  const mover = new JobMover(gateway);
  const pairs: string[][] = [];
  for (const createdAt of times) {
    const pair = [await mover.accept({ createdAt }), await mover.accept({ createdAt, id: jobId(createdAt) })];
    pairs.push(pair.map(({ id }) => id));
  }
  return pairs;
}

const iso = (time: number) => new Date(time).toISOString();
const newestFirst = (...pairs: readonly (readonly string[] | undefined)[]) =>
  pairs.flatMap((pair) => pair ?? []).toReversed();

describe('videoJobs with a filter', () => {
  it('excludes the milliseconds of createdAfter and createdBefore', async () => {
    await using gateway = await startGateway();
    const [a, b, c] = await acceptAt(gateway, NOON - 1, NOON, NOON + 1);
    const after = (time: number) => list(gateway, { filter: { createdAfter: iso(time) } });
    const before = (time: number) => list(gateway, { filter: { createdBefore: iso(time) } });
    expect(await after(NOON - 2)).toEqual(newestFirst(a, b, c));
    expect(await after(NOON - 1)).toEqual(newestFirst(b, c));
    expect(await after(NOON)).toEqual(newestFirst(c));
    expect(await after(NOON + 1)).toEqual([]);
    expect(await before(NOON + 2)).toEqual(newestFirst(a, b, c));
    expect(await before(NOON + 1)).toEqual(newestFirst(a, b));
    expect(await before(NOON)).toEqual(newestFirst(a));
    expect(await before(NOON - 1)).toEqual([]);
    const between = { createdAfter: iso(NOON - 1), createdBefore: iso(NOON + 1) };
    expect(await list(gateway, { filter: between })).toEqual(newestFirst(b));
    expect(await list(gateway, { filter: { createdAfter: iso(NOON), createdBefore: iso(NOON) } })).toEqual(
      [],
    );
  });

  it('takes any time that the scalar has', async () => {
    await using gateway = await startGateway();
    const [pair] = await acceptAt(gateway, NOON);
    const all = newestFirst(pair);
    const ends = ['1969-07-20T20:17:40Z', '9999-12-31T23:59:59.999Z'];
    expect(await list(gateway, { filter: { createdAfter: ends[0], createdBefore: ends[1] } })).toEqual(all);
    expect(await list(gateway, { filter: { createdAfter: ends[1] } })).toEqual([]);
    expect(await list(gateway, { filter: { createdBefore: ends[0] } })).toEqual([]);
  });

  it('is read page by page in both directions within the times', async () => {
    await using gateway = await startGateway();
    const pairs = await acceptAt(gateway, NOON, NOON + 1, NOON + 2, NOON + 3);
    const wanted = newestFirst(pairs[1], pairs[2]);
    const filter = { createdAfter: iso(NOON), createdBefore: iso(NOON + 3) };
    const first = await tryList(gateway, { filter, first: 3 });
    const { nodes, pageInfo } = first.data?.videoJobs ?? { nodes: [], pageInfo: null };
    expect([nodes.map(({ id }) => id), pageInfo?.hasNextPage]).toEqual([wanted.slice(0, 3), true]);
    expect(await list(gateway, { filter, first: 3, after: pageInfo?.endCursor })).toEqual(wanted.slice(3));
    expect(await list(gateway, { filter, last: 2 })).toEqual(wanted.slice(2));
    expect(await list(gateway, { filter, last: 2, before: wanted[2] })).toEqual(wanted.slice(0, 2));
    // Cursors outside of the times.
    expect(await list(gateway, { filter, after: pairs[3]?.[1] })).toEqual(wanted);
    expect(await list(gateway, { filter, last: 9, before: pairs[0]?.[0] })).toEqual(wanted);
    expect(await list(gateway, { filter, after: pairs[0]?.[0] })).toEqual([]);
  });

  it('meets both lists of statuses, and all other conditions', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id: queued } = await mover.accept({ createdAt: NOON - SECOND });
    const { id: completed } = await mover.accept({ createdAt: NOON });
    await mover.move(completed, ...WHOLE_LIFE);
    expect(await list(gateway, { filter: { status: ['COMPLETED'] } })).toEqual([completed]);
    expect(await list(gateway, { filter: { status: ['COMPLETED', 'QUEUED'] } })).toEqual([completed, queued]);
    expect(await list(gateway, { filter: { status: [] } })).toEqual([]);
    expect(await list(gateway, { filter: { status: ['COMPLETED', 'QUEUED'] }, status: ['QUEUED'] })).toEqual([
      queued,
    ]);
    expect(await list(gateway, { filter: { status: ['COMPLETED'] }, status: ['QUEUED'] })).toEqual([]);
    expect(await list(gateway, { filter: { status: null }, status: ['QUEUED'] })).toEqual([queued]);
    const filter = { status: ['COMPLETED', 'QUEUED'], createdAfter: iso(NOON - SECOND) };
    expect(await list(gateway, { filter })).toEqual([completed]);
    for (const none of [null, {}, { createdAfter: null, createdBefore: null, status: null, prompt: null }]) {
      expect(await list(gateway, { filter: none })).toEqual([completed, queued]);
    }
  });

  it('refuses a time of another form', async () => {
    await using gateway = await startGateway();
    const { errors } = await tryList(gateway, { filter: { createdAfter: 'yesterday' } });
    expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT');
    expect(errors?.[0]?.message).toContain('filter.createdAfter');
  });
});

/** A gateway whose store searches prompts, and notes the texts. */
const searching = (queries: unknown[]) =>
  startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        searchesPrompts: true,
        list: async (query) => {
          queries.push(query.prompt);
          return [];
        },
      }),
  });

describe('videoJobs with a filter by prompt', () => {
  it('passes the trimmed text to a store that searches', async () => {
    const queries: unknown[] = [];
    await using gateway = await searching(queries);
    await list(gateway, { filter: { prompt: '  a CAT\n' } });
    await list(gateway, { filter: { prompt: '𝒜'.repeat(200) } });
    await list(gateway, {});
    expect(queries).toEqual(['a CAT', '𝒜'.repeat(200), undefined]);
  });

  it.each([
    [' ', 'must have 1 to 200 characters after trimming, not 0.'],
    ['x'.repeat(201), 'must have 1 to 200 characters after trimming, not 201.'],
    ['"! 🎬', 'must contain a letter or a digit: only words are searched.'],
    ['\ud83d', 'must be well-formed Unicode text.'],
  ])('refuses %j', async (prompt, message) => {
    const queries: unknown[] = [];
    await using gateway = await searching(queries);
    const { errors } = await tryList(gateway, { filter: { prompt } });
    expect(errors).toMatchObject([
      { message: `\`filter.prompt\` ${message}`, extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(queries).toEqual([]);
  });

  it('is refused by a store that does not search, which is said', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { searchesPrompts: false }),
    });
    await new JobMover(gateway).accept({ request: videoRequest({ prompt: 'a cat' }) });
    const { errors } = await tryList(gateway, { filter: { prompt: 'cat' } });
    expect(errors).toMatchObject([
      {
        message:
          '`filter.prompt` is not supported: this gateway keeps its jobs in Redis, and only the embedded store searches prompts. Leave it out.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });
});
