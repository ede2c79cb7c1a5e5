import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { overrideStore } from '../support/override-store.ts';

const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on VideoJob { version } } }';

const reads: (readonly string[])[] = [];
let gateway: Gateway;
let jobs: JobMover;

beforeAll(async () => {
  gateway = await startGateway({
    settings: { FEDERATION: 'false' },
    wrapStore: (store) =>
      overrideStore(store, {
        getMany: (ids) => {
          reads.push(ids);
          return store.getMany(ids);
        },
      }),
  });
  jobs = new JobMover(gateway);
});
afterAll(() => gateway[Symbol.asyncDispose]());

const seen = (id: string) => ({ __typename: 'VideoJob', id, version: 1 });

describe('node', () => {
  it('is the job with this id, in all the ways to select its fields', async () => {
    const { id } = await jobs.accept();
    const query = `query ($id: ID!) { node(id: $id) { id ...ofNode ... on VideoJob { status } } }
      fragment ofNode on Node { __typename ...ofJob } fragment ofJob on VideoJob { version ... on Node { same: id } }`;
    expect(await dataOf(gateway.url, query, { id })).toEqual({
      node: { ...seen(id), status: 'QUEUED', same: id },
    });
  });

  it('is null for an unknown job and for another owner’s', async () => {
    const { id } = await jobs.accept({ ownerId: 'bob' });
    const query = `{ unknown: node(id: "unknown") { id } foreign: node(id: "${id}") { id } empty: node(id: "") { id } }`;
    expect(await dataOf(gateway.url, query)).toEqual({ unknown: null, foreign: null, empty: null });
  });

  it('has one possible type', async () => {
    const query = '{ __type(name: "Node") { kind possibleTypes { name } } }';
    expect(await dataOf(gateway.url, query)).toEqual({
      __type: { kind: 'INTERFACE', possibleTypes: [{ name: 'VideoJob' }] },
    });
  });
});

describe('nodes', () => {
  it('are in order, null for those the caller cannot see, with one read of the store', async () => {
    const [first, second] = [await jobs.accept(), await jobs.accept()];
    const foreign = await jobs.accept({ ownerId: 'bob' });
    const ids = [second.id, 'unknown', foreign.id, first.id, second.id];
    reads.length = 0;
    expect(await dataOf(gateway.url, NODES, { ids })).toEqual({
      nodes: [seen(second.id), null, null, seen(first.id), seen(second.id)],
    });
    expect(reads).toEqual([[second.id, 'unknown', foreign.id, first.id]]);
  });

  it('are at most 100', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `id ${index}`);
    const { nodes } = await dataOf<{ nodes: unknown[] }>(gateway.url, NODES, { ids });
    expect(nodes).toHaveLength(100);
    expect(await graphql(gateway.url, NODES, { ids: [...ids, 'one more'] })).toMatchObject({
      data: null,
      errors: [
        {
          path: ['nodes'],
          message: '`ids` must have at most 100 ids, not 101.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  });
});
