import { VideoJobsDocument } from '@reelgate/client/documents';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import { createApolloClient } from '../../console/src/gateway/apollo.ts';
import { addToList, mergeJobs, readJob, removeJobs, writeJob } from '../../console/src/gateway/job-cache.ts';
import { JobIdsDocument } from '../../console/src/jobs/documents.ts';
import { until } from '../support/until.ts';
import { consoleJob } from './console-job.ts';

/** A page of the list. Each letter is a job; a later letter is a newer job. */
function page(letters: string, endCursor: string | null) {
  const nodes = letters.split('').map((letter) => ({ __ref: `VideoJob:${letter}` }));
  return { nodes, pageInfo: { hasNextPage: endCursor !== null, endCursor } };
}

describe('mergeJobs', () => {
  test('keeps the first page unchanged', () => {
    expect(mergeJobs(undefined, page('fed', 'd'))).toEqual(page('fed', 'd'));
  });

  test('appends an older page and takes its page info', () => {
    expect(mergeJobs(page('fed', 'd'), page('cba', null))).toEqual(page('fedcba', null));
  });

  test('prepends new jobs and keeps the page info of the oldest', () => {
    expect(mergeJobs(page('dcba', 'a'), page('fedc', 'c'))).toEqual(page('fedcba', 'a'));
  });

  test('contains each job once', () => {
    expect(mergeJobs(page('dcb', 'b'), page('cba', null))).toEqual(page('dcba', null));
  });

  test('takes the newer page info when both pages end at the same job', () => {
    expect(mergeJobs(page('dcb', 'b'), page('dcb', null))).toEqual(page('dcb', null));
  });

  test('takes the page info of an empty page: the older jobs were deleted', () => {
    expect(mergeJobs(page('dcb', 'b'), page('', null))).toEqual(page('dcb', null));
  });

  test('keeps jobs that arrived while an empty list was loading', () => {
    expect(mergeJobs(page('a', null), page('', null))).toEqual(page('a', null));
  });
});

/** A client that never connects. */
function offline() {
  return createApolloClient(createClient({ url: 'ws://127.0.0.1:1', webSocketImpl: WebSocket }));
}

/** A list that was loaded, newest first. @param hasNextPage whether there are older jobs */
function listOf(ids: readonly string[], hasNextPage: boolean) {
  const apollo = offline();
  apollo.writeQuery({
    query: VideoJobsDocument,
    variables: { first: 24, after: null },
    data: {
      videoJobs: {
        nodes: ids.map((id) => consoleJob({ id })),
        pageInfo: { hasNextPage, endCursor: ids.at(-1) ?? null },
      },
    },
  });
  const read = () => apollo.readQuery({ query: JobIdsDocument })?.videoJobs.nodes.map(({ id }) => id);
  return { apollo, read };
}

describe('addToList', () => {
  test('inserts a job by its age, once', () => {
    const { apollo, read } = listOf(['vj_4', 'vj_2'], false);
    for (const id of ['vj_3', 'vj_5', 'vj_1', 'vj_3']) {
      writeJob(apollo, consoleJob({ id }));
      addToList(apollo, id);
    }
    expect(read()).toEqual(['vj_5', 'vj_4', 'vj_3', 'vj_2', 'vj_1']);
  });

  test('leaves out a job that is older than the loaded part of the list: it comes with its page', () => {
    const { apollo, read } = listOf(['vj_4', 'vj_2'], true);
    for (const id of ['vj_1', 'vj_3']) {
      writeJob(apollo, consoleJob({ id }));
      addToList(apollo, id);
    }
    expect(read()).toEqual(['vj_4', 'vj_3', 'vj_2']);
  });
});

test('removeJobs removes jobs from the list and from the cache, in one change for the components', async () => {
  const { apollo, read } = listOf(['vj_4', 'vj_3', 'vj_2'], true);
  const seen: unknown[] = [];
  const subscription = apollo
    .watchQuery({ query: JobIdsDocument, fetchPolicy: 'cache-only' })
    .subscribe(({ data }) => seen.push(data?.videoJobs?.nodes?.map((node) => node?.id)));
  await until(() => seen, [['vj_4', 'vj_3', 'vj_2']]);
  removeJobs(apollo, ['vj_4', 'vj_2', 'vj_unknown']);
  await until(() => seen.length, 2);
  expect(seen.at(-1)).toEqual(['vj_3']);
  expect(read()).toEqual(['vj_3']);
  expect(readJob(apollo.cache, 'vj_4')).toBeNull();
  subscription.unsubscribe();
});

test('a job that was not loaded by the list can be read completely', () => {
  const apollo = offline();
  const job = consoleJob({
    status: 'FAILED',
    isTerminal: true,
    failure: {
      __typename: 'VideoJobFailure',
      code: 'TIMED_OUT',
      message: 'late',
      retryable: true,
      charged: 'NO',
    },
  });
  expect(readJob(apollo.cache, job.id)).toBeNull();
  writeJob(apollo, job);
  expect(readJob(apollo.cache, job.id)).toEqual(job);
});

test('writeJob ignores an older version', () => {
  const apollo = offline();
  writeJob(apollo, consoleJob({ version: 3, status: 'PROCESSING' }));
  writeJob(apollo, consoleJob({ version: 2, status: 'QUEUED' }));
  expect(readJob(apollo.cache, 'vj_1')?.status).toBe('PROCESSING');
});
