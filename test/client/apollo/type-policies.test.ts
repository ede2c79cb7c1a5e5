import { readFileSync } from 'node:fs';
import { gql, InMemoryCache } from '@apollo/client';
import { possibleTypes, typePolicies } from '@reelgate/client/apollo';
import { VideoJobDocument, VideoJobsDocument } from '@reelgate/client/documents';
import { buildSchema, isAbstractType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { consoleJob } from '../../console/console-job.ts';

test('possibleTypes are those of the schema', () => {
  const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
  const abstract = Object.values(schema.getTypeMap()).filter(
    (type) => isAbstractType(type) && !type.name.startsWith('__'),
  );
  const expected = abstract.filter(isAbstractType).map((type) => [
    type.name,
    schema
      .getPossibleTypes(type)
      .map(({ name }) => name)
      .toSorted(),
  ]);
  expect(possibleTypes).toEqual(Object.fromEntries(expected));
});

/** A cache with pages of the list. Each letter is a job; a later letter is a newer job. */
function cacheOf(...pages: readonly (readonly [letters: string, endCursor: string | null])[]) {
  const cache = new InMemoryCache({ possibleTypes, typePolicies });
  for (const [letters, endCursor] of pages) {
    const nodes = letters.split('').map((id) => consoleJob({ id }));
    cache.writeQuery({
      query: VideoJobsDocument,
      variables: { first: 24 },
      data: { videoJobs: { nodes, pageInfo: { hasNextPage: endCursor !== null, endCursor } } },
    });
  }
  return cache;
}

function listIn(cache: InMemoryCache, filter?: object) {
  const data = cache.readQuery({
    query: VideoJobsDocument,
    variables: { first: 24, ...(filter === undefined ? {} : { filter }) },
  });
  if (data === null) return null;
  const { nodes, pageInfo } = data.videoJobs;
  return [nodes.map(({ id }) => id).join(''), pageInfo.endCursor];
}

describe('the pages of a list', () => {
  test('are one list: an older page is appended and brings its page info', () => {
    expect(listIn(cacheOf(['fed', 'd'], ['cba', null]))).toEqual(['fedcba', null]);
  });

  test('with new jobs come before it, and the page info of the oldest stays', () => {
    expect(listIn(cacheOf(['dcba', 'a'], ['fedc', 'c']))).toEqual(['fedcba', 'a']);
  });

  test('contain each job once', () => {
    expect(listIn(cacheOf(['dcb', 'b'], ['cba', null]))).toEqual(['dcba', null]);
  });

  test('lose the jobs that a newer page does not contain between its own', () => {
    expect(listIn(cacheOf(['fedcba', 'a'], ['fdc', 'c']))).toEqual(['fdcba', 'a']);
  });

  test('take the newer page info when both end at the same job', () => {
    expect(listIn(cacheOf(['dcb', 'b'], ['dcb', null]))).toEqual(['dcb', null]);
  });

  test('take the page info of an empty page: the older jobs were deleted', () => {
    expect(listIn(cacheOf(['dcb', 'b'], ['', null]))).toEqual(['dcb', null]);
  });

  test('keep jobs that arrived while an empty list was loading', () => {
    expect(listIn(cacheOf(['a', null], ['', null]))).toEqual(['a', null]);
  });

  test('of another filter are another list', () => {
    expect(listIn(cacheOf(['a', null]), { status: ['FAILED'] })).toBeNull();
  });
});

test('pages may be selected by edges', () => {
  const cache = new InMemoryCache({ possibleTypes, typePolicies });
  const query = gql`
    query Edges {
      videoJobs(first: 2) {
        edges {
          node {
            id
          }
        }
        pageInfo {
          endCursor
        }
      }
    }
  `;
  for (const [ids, endCursor] of [
    [['d', 'c'], 'c'],
    [['b'], null],
  ] as const) {
    const edges = ids.map((id) => ({ __typename: 'VideoJobEdge', node: { __typename: 'VideoJob', id } }));
    const pageInfo = { __typename: 'PageInfo', endCursor };
    cache.writeQuery({
      query,
      data: { videoJobs: { __typename: 'VideoJobConnection', edges, pageInfo } },
    });
  }
  const ids = ['d', 'c', 'b'].map((id) => ({ node: { id } }));
  expect(cache.readQuery({ query })).toMatchObject({
    videoJobs: { edges: ids, pageInfo: { endCursor: null } },
  });
});

test('a job of the list needs no request of its own', () => {
  const cache = cacheOf(['a', null]);
  expect(cache.readQuery({ query: VideoJobDocument, variables: { id: 'a' } })?.videoJob).toEqual(
    consoleJob({ id: 'a' }),
  );
  expect(cache.readQuery({ query: VideoJobDocument, variables: { id: 'b' } })).toBeNull();
});
