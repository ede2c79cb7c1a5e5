import { ApolloClient, type DocumentNode, gql, InMemoryCache } from '@apollo/client';
import type { Operation, Sink } from '@reelgate/client';
import { createReelgateLink, possibleTypes, typePolicies } from '@reelgate/client/apollo';
import {
  type VideoJobFieldsFragment,
  VideoJobFieldsFragmentDoc,
  VideoJobsDocument,
  VideoJobsUpdatedDocument,
} from '@reelgate/client/documents';
import { expect, test } from 'vitest';
import { consoleJob } from '../../console/console-job.ts';

/** A cache whose results the test sends. */
function openCache() {
  const updates: ((json: string) => void)[] = [];
  const answers: ((json: string) => void)[] = [];
  const connection = {
    subscribe: <Data>(_: Operation, sink: Sink<Data>) => {
      updates.push((json) => sink.next(JSON.parse(json)));
      return () => {};
    },
    execute: async () => JSON.parse(await new Promise<string>((resolve) => answers.push(resolve))),
  };
  const cache = new InMemoryCache({ possibleTypes, typePolicies });
  const apollo = new ApolloClient({ cache, link: createReelgateLink({ connection }) });
  apollo.subscribe({ query: VideoJobsUpdatedDocument }).subscribe();
  return {
    apollo,
    update: (job: VideoJobFieldsFragment) =>
      updates[0]?.(JSON.stringify({ data: { videoJobsUpdated: job } })),
    /** Runs a query. @returns its result, after the given answer */
    query: (query: DocumentNode) => {
      const result = apollo.query<Record<string, unknown>>({ query, variables: { first: 24 } });
      return async (data: Record<string, unknown>) => {
        answers.shift()?.(JSON.stringify({ data }));
        return (await result).data;
      };
    },
    read: (id: string) =>
      cache.readFragment({
        id: `VideoJob:${id}`,
        fragment: VideoJobFieldsFragmentDoc,
        fragmentName: 'VideoJobFields',
      }),
  };
}

function page(...nodes: readonly object[]) {
  const pageInfo = { __typename: 'PageInfo', hasNextPage: false, endCursor: null };
  return { videoJobs: { __typename: 'VideoJobConnection', nodes, pageInfo } };
}

const DONE = consoleJob({ version: 6, status: 'COMPLETED', isTerminal: true, progress: 1 });

test('a list that is older than an update does not overwrite the job', async () => {
  const { update, query, read } = openCache();
  const answer = query(VideoJobsDocument);
  update(DONE);
  const other = consoleJob({ id: 'vj_2' });
  const data = await answer(page(other, consoleJob({ version: 3, status: 'PROCESSING', progress: 0.5 })));
  expect(read(DONE.id)).toEqual(DONE);
  expect(data).toMatchObject({ videoJobs: { nodes: [other, DONE] } });
});

test('a list that is newer than the last update overwrites the job', async () => {
  const { update, query, read } = openCache();
  const answer = query(VideoJobsDocument);
  update(consoleJob({ version: 3, status: 'PROCESSING', progress: 0.5 }));
  await answer(page(DONE));
  expect(read(DONE.id)).toEqual(DONE);
});

test('of the same version the later response wins: its estimate is newer', async () => {
  const { update, query, read } = openCache();
  const answer = query(VideoJobsDocument);
  update(consoleJob({ version: 3, progress: 0.5 }));
  await answer(page(consoleJob({ version: 3, progress: 0.6 })));
  expect(read(DONE.id)?.progress).toBe(0.6);
});

test('updates in the wrong order leave the newest version', () => {
  const { update, read } = openCache();
  update(DONE);
  update(consoleJob({ version: 5, status: 'PROCESSING' }));
  expect(read(DONE.id)).toEqual(DONE);
});

test('documents of an app may select what they want, by fragments and other names', async () => {
  const { update, query, read } = openCache();
  const answer = query(gql`
    query Names($first: Int!) {
      mine: videoJobs(first: $first) {
        nodes {
          ...Card
          ... on VideoJob {
            state: status
          }
        }
      }
    }
    fragment Card on VideoJob {
      id
      version
      request {
        prompt
      }
    }
  `);
  update(DONE);
  const request = { __typename: 'VideoJobRequest', prompt: 'a cat' };
  const old = { __typename: 'VideoJob', id: DONE.id, version: 3, state: 'PROCESSING', request };
  const data = await answer({ mine: { __typename: 'VideoJobConnection', nodes: [old] } });
  expect(data).toMatchObject({ mine: { nodes: [{ version: 6, state: 'COMPLETED', request }] } });
  expect(read(DONE.id)).toEqual(DONE);
});
