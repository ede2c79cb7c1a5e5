import { ApolloClient, ApolloLink, InMemoryCache } from '@apollo/client';
import {
  VideoJobsDocument,
  VideoJobsUpdatedDocument,
  type VideoJobFieldsFragment,
} from '@reelgate/client/documents';
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { newestVersionLink } from '../../console/src/gateway/apollo.ts';
import { readJob } from '../../console/src/gateway/job-cache.ts';
import { consoleJob } from './console-job.ts';

/** A client for which the test sends the list and the updates. */
function makeClient() {
  const cache = new InMemoryCache();
  const answers = new Map<string | undefined, Subject<ApolloLink.Result>>();
  const gateway = new ApolloLink(({ operationName }) => {
    const subject = new Subject<ApolloLink.Result>();
    answers.set(operationName, subject);
    return subject;
  });
  const apollo = new ApolloClient({ cache, link: ApolloLink.from([newestVersionLink(cache), gateway]) });
  apollo.subscribe({ query: VideoJobsUpdatedDocument }).subscribe();
  const list = apollo.query({ query: VideoJobsDocument, variables: { first: 24 } });
  return {
    cache,
    update: (job: VideoJobFieldsFragment) =>
      answers.get('VideoJobsUpdated')?.next({ data: { videoJobsUpdated: job } }),
    answerList: async (...nodes: readonly VideoJobFieldsFragment[]) => {
      const pageInfo = { __typename: 'PageInfo', hasNextPage: false, endCursor: null };
      const videoJobs = { __typename: 'VideoJobConnection', nodes, pageInfo };
      answers.get('VideoJobs')?.next({ data: { videoJobs } });
      answers.get('VideoJobs')?.complete();
      return (await list).data?.videoJobs.nodes;
    },
  };
}

const DONE = consoleJob({ version: 6, status: 'COMPLETED', isTerminal: true, progress: 1 });

test('a list that is older than an update does not overwrite the job', async () => {
  const { cache, update, answerList } = makeClient();
  update(DONE);
  const other = consoleJob({ id: 'vj_2' });
  const nodes = await answerList(consoleJob({ version: 3, status: 'PROCESSING', progress: 0.5 }), other);
  expect(readJob(cache, DONE.id)).toEqual(DONE);
  expect(nodes).toEqual([DONE, other]);
});

test('a list that is newer than the last update overwrites the job', async () => {
  const { cache, update, answerList } = makeClient();
  update(consoleJob({ version: 3, status: 'PROCESSING', progress: 0.5 }));
  await answerList(DONE);
  expect(readJob(cache, DONE.id)).toEqual(DONE);
});

test('of the same version the later response wins: its estimate is newer', async () => {
  const { cache, update, answerList } = makeClient();
  update(consoleJob({ version: 3, progress: 0.5 }));
  await answerList(consoleJob({ version: 3, progress: 0.6 }));
  expect(readJob(cache, DONE.id)?.progress).toBe(0.6);
});

test('updates in the wrong order leave the newest version', () => {
  const { cache, update } = makeClient();
  update(DONE);
  update(consoleJob({ version: 5, status: 'PROCESSING' }));
  expect(readJob(cache, DONE.id)).toEqual(DONE);
});
