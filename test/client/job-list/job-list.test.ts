import { ReelgateError, type VideoJob, type VideoJobFilter } from '@reelgate/client';
import { describe, expect, test, vi } from 'vitest';
import { createJobList } from '../../../packages/client/src/job-list/job-list.ts';
import { consoleJob } from '../../console/console-job.ts';
import { until } from '../../support/until.ts';
import { scriptedClient } from './scripted-client.ts';

/** A list that is shown, with a client whose answers the test gives. */
function openList({
  filter = null,
  pageSize = 3,
}: { filter?: VideoJobFilter | null; pageSize?: number } = {}) {
  const script = scriptedClient();
  const list = createJobList(script.client, filter, pageSize);
  const updates: string[] = [];
  const deletions: string[] = [];
  list.onUpdate = (next, before) => updates.push(`${next.id}: ${before?.status ?? 'new'} ${next.status}`);
  list.onDelete = ({ id }) => deletions.push(id);
  const close = list.subscribe(() => {});
  return {
    ...script,
    list,
    close,
    updates,
    deletions,
    ids: () => list.get().jobs.map(({ id }) => id),
    versions: () => list.get().jobs.map(({ id, version }) => `${id} ${version}`),
    /** Sends changes, and waits until they are processed. */
    send: async (...changes: Parameters<typeof script.change>[0][]) => {
      for (const change of changes) script.change(change);
      await settled();
    },
    reads: async (count: number) => until(() => script.requests.length, count),
    /** Connects and reads the first page. */
    load: async (jobs: readonly VideoJob[], endCursor: string | null = null) => {
      script.change({ type: 'watching' });
      await until(() => script.requests.length, 1);
      script.answer(jobs, endCursor);
      await until(() => list.get().isLoading, false);
    },
    [Symbol.dispose]: close,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const job = (id: string, version = 1, change: Partial<VideoJob> = {}): VideoJob =>
  consoleJob({ id, version, ...change });
const updated = (next: VideoJob) => ({ type: 'updated', job: next }) as const;
const deleted = (id: string) => ({ type: 'deleted', id }) as const;

describe('a list', () => {
  test('is read when its changes are watched, and is live afterwards', async () => {
    using opened = openList();
    await settled();
    expect(opened.requests).toEqual([]);
    expect(opened.list.get()).toEqual({ jobs: [], isLoading: true, hasMore: false, error: null });

    await opened.load([job('c'), job('b')], 'b');
    expect(opened.requests).toMatchObject([{ filter: null, first: 3, after: null }]);
    expect(opened.list.get()).toMatchObject({ isLoading: false, hasMore: true });
    await opened.send(updated(job('d')), updated(job('b', 2, { status: 'PROCESSING' })));
    expect(opened.versions()).toEqual(['d 1', 'c 1', 'b 2']);
    expect(opened.updates).toEqual(['d: new QUEUED', 'b: QUEUED PROCESSING']);
  });

  test('keeps the objects of jobs that did not change', async () => {
    using opened = openList();
    await opened.load([job('b'), job('a')]);
    const [before] = opened.list.get().jobs;
    await opened.send({ type: 'watching' }, updated(job('a', 2)));
    opened.answer([job('b'), job('a')]);
    await settled();
    expect(opened.list.get().jobs[0]).toBe(before);
    expect(opened.versions()).toEqual(['b 1', 'a 2']);
  });

  test('stops without listeners, and continues with the next one', async () => {
    const opened = openList();
    await opened.load([job('a')]);
    opened.close();
    await until(opened.watching, 0);
    const close = opened.list.subscribe(() => {});
    expect(opened.watching()).toBe(1);
    expect(opened.ids()).toEqual(['a']);
    await opened.send({ type: 'watching' });
    opened.answer([job('b')]);
    await until(opened.ids, ['b']);
    close();
  });

  test('keeps its subscription when a listener is replaced in one turn, as by strict mode', async () => {
    const opened = openList();
    opened.close();
    const close = opened.list.subscribe(() => {});
    await settled();
    await opened.load([job('a')]);
    expect(opened.ids()).toEqual(['a']);
    close();
  });
});

describe('more pages', () => {
  test('are appended, without repetitions', async () => {
    using opened = openList();
    await opened.load([job('d'), job('c')], 'c');
    const [first, second] = [opened.list.loadMore(), opened.list.loadMore()];
    opened.answer([job('c'), job('b')], 'b');
    await Promise.all([first, second]);
    expect(opened.requests).toHaveLength(2);
    expect(opened.requests[1]).toMatchObject({ first: 3, after: 'c' });
    expect(opened.list.get()).toMatchObject({ hasMore: true });

    const last = opened.list.loadMore();
    opened.answer([job('a')]);
    await last;
    expect(opened.ids()).toEqual(['d', 'c', 'b', 'a']);
    expect(opened.list.get().hasMore).toBe(false);
    await opened.list.loadMore();
    expect(opened.requests).toHaveLength(3);
  });

  test('reject when they cannot be read, and can be read again', async () => {
    using opened = openList();
    await opened.load([job('b')], 'b');
    const failed = opened.list.loadMore();
    opened.refuse(new ReelgateError('UNREACHABLE', 'The gateway cannot be reached.'));
    await expect(failed).rejects.toThrow('cannot be reached');
    const more = opened.list.loadMore();
    opened.answer([job('a')]);
    await more;
    expect(opened.ids()).toEqual(['b', 'a']);
  });

  test('contain the newest states: a change can arrive before an older page', async () => {
    using opened = openList();
    await opened.load([job('c')], 'c');
    const more = opened.list.loadMore();
    await opened.send(updated(job('b', 5, { status: 'COMPLETED', isTerminal: true })), deleted('a'));
    expect(opened.ids()).toEqual(['c']);
    opened.answer([job('b', 4), job('a')]);
    await more;
    expect(opened.versions()).toEqual(['c 1', 'b 5']);
  });

  test('are loaded by themselves when no job is left', async () => {
    using opened = openList();
    await opened.load([job('c'), job('b')], 'b');
    await opened.send(deleted('c'), deleted('b'));
    await opened.reads(2);
    opened.answer([job('a')]);
    await until(opened.ids, ['a']);
    expect(opened.list.get().hasMore).toBe(false);
    expect(opened.deletions).toEqual(['c', 'b']);
  });

  test('keep a place for older jobs that change: they come with their page', async () => {
    using opened = openList();
    await opened.load([job('d'), job('c')], 'c');
    await opened.send(updated(job('b', 2, { status: 'PROCESSING' })));
    expect(opened.ids()).toEqual(['d', 'c']);
    expect(opened.updates).toEqual(['b: new PROCESSING']);
  });
});

describe('after a reconnection', () => {
  test('missed changes, new jobs and deletions are found', async () => {
    using opened = openList();
    await opened.load([job('d'), job('c')], 'c');
    const more = opened.list.loadMore();
    opened.answer([job('b'), job('a')]);
    await more;
    await opened.send({ type: 'watching' });
    opened.answer([job('f'), job('e'), job('d', 2, { status: 'PROCESSING' })], 'd');
    await opened.reads(4);
    expect(opened.requests[3]).toMatchObject({ first: 100, after: 'd' });
    opened.answer([job('b')]);
    await until(opened.versions, ['f 1', 'e 1', 'd 2', 'b 1']);
    expect(opened.updates).toEqual(['d: QUEUED PROCESSING']);
  });

  test('the reading ends with the oldest listed job, even when that was deleted', async () => {
    using opened = openList();
    await opened.load([job('d'), job('c')], 'c');
    await opened.send({ type: 'watching' });
    opened.answer([job('d'), job('b'), job('a')], 'a');
    await until(opened.ids, ['d', 'b', 'a']);
    expect(opened.list.get().hasMore).toBe(true);
    expect(opened.requests).toHaveLength(2);
  });

  test('a reading that was not finished is repeated from the beginning', async () => {
    using opened = openList();
    await opened.load([job('a')]);
    await opened.send({ type: 'watching' });
    await opened.send({ type: 'watching' });
    await opened.reads(3);
    expect(opened.requests[1]?.signal?.aborted).toBe(true);
    opened.answer([job('b')]);
    await until(opened.ids, ['b']);
  });

  test('a job that arrives during the reading stays', async () => {
    using opened = openList();
    await opened.load([job('b'), job('a')]);
    await opened.send({ type: 'watching' }, updated(job('c')), updated(job('a', 2)));
    opened.answer([job('b')]);
    await settled();
    expect(opened.versions()).toEqual(['c 1', 'b 1', 'a 2']);
  });

  test('pages that were loaded during the reading stay', async () => {
    using opened = openList();
    await opened.load([job('d'), job('c')], 'c');
    const more = opened.list.loadMore();
    await opened.send({ type: 'watching' });
    opened.answer([job('b'), job('a')]);
    await more;
    opened.answer([job('d'), job('c')], 'c');
    await opened.reads(4);
    opened.answer([job('b'), job('a')]);
    await settled();
    expect(opened.ids()).toEqual(['d', 'c', 'b', 'a']);
    expect(opened.list.get().hasMore).toBe(false);
  });
});

test('changes during the first reading belong to the list only as far as it is read', async () => {
  using opened = openList();
  await opened.send({ type: 'watching' }, updated(job('a', 2)), updated(job('d', 2)));
  expect(opened.ids()).toEqual([]);
  opened.answer([job('d'), job('c'), job('b')], 'b');
  await until(opened.versions, ['d 2', 'c 1', 'b 1']);
  expect(opened.requests).toHaveLength(1);
  const more = opened.list.loadMore();
  opened.answer([job('a')]);
  await more;
  expect(opened.versions()).toEqual(['d 2', 'c 1', 'b 1', 'a 2']);
});

describe('a deleted job', () => {
  test('is removed and reported once', async () => {
    using opened = openList();
    await opened.load([job('b'), job('a')]);
    await opened.send(deleted('a'), deleted('a'), deleted('z'));
    expect(opened.ids()).toEqual(['b']);
    expect(opened.deletions).toEqual(['a']);
  });

  test('does not come back with a page or a change that were sent before', async () => {
    using opened = openList();
    await opened.load([job('b'), job('a')]);
    await opened.send({ type: 'watching' }, deleted('a'));
    opened.answer([job('b'), job('a', 2)]);
    await opened.send(updated(job('a', 3)));
    expect(opened.ids()).toEqual(['b']);
  });
});

describe('a filtered list', () => {
  test('contains a job while it meets the conditions', async () => {
    using opened = openList({
      filter: { status: ['QUEUED', 'FAILED'], createdAfter: '2026-03-14T13:00:00+01:00' },
    });
    const later = { createdAt: '2026-03-14T12:00:00.001Z' };
    await opened.load([job('b', 1, later)]);
    await opened.send(updated(job('c', 1, later)), updated(job('d')));
    expect(opened.ids()).toEqual(['c', 'b']);
    await opened.send(updated(job('c', 2, { ...later, status: 'PROCESSING' })));
    expect(opened.ids()).toEqual(['b']);
    await opened.send(updated(job('c', 3, { ...later, status: 'FAILED' })));
    expect(opened.versions()).toEqual(['c 3', 'b 1']);
    expect(opened.updates).toEqual(['c: new QUEUED', 'c: QUEUED PROCESSING', 'c: new FAILED']);
  });

  test('does not take a job back from a page that was sent before', async () => {
    using opened = openList({ filter: { status: ['QUEUED'] } });
    await opened.load([job('a')]);
    await opened.send({ type: 'watching' }, updated(job('a', 2, { status: 'PROCESSING' })));
    opened.answer([job('a')]);
    await settled();
    expect(opened.ids()).toEqual([]);
  });

  test('asks the gateway once whether the prompt of a new job matches', async () => {
    using opened = openList({ filter: { prompt: 'cat' } });
    await opened.load([job('a')]);
    await opened.send(updated(job('c')), updated(job('b')));
    await opened.reads(3);
    expect(opened.requests[1]?.signal?.aborted).toBe(true);
    opened.answer([job('c'), job('a')]);
    await until(opened.ids, ['c', 'a']);
    await opened.send(updated(job('b', 2)), updated(job('c', 2)));
    expect(opened.requests).toHaveLength(3);
    expect(opened.versions()).toEqual(['c 2', 'a 1']);
  });
});

describe('an error', () => {
  test('of the reading is shown until the list is read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    using opened = openList();
    await opened.send({ type: 'watching' });
    opened.refuse(new ReelgateError('STORE_UNAVAILABLE', 'The store cannot be reached.'));
    await settled();
    expect(opened.list.get()).toMatchObject({ isLoading: true, error: { code: 'STORE_UNAVAILABLE' } });
    await vi.advanceTimersByTimeAsync(2000);
    expect(opened.requests).toHaveLength(2);
    vi.useRealTimers();
    opened.answer([job('a')]);
    await until(opened.ids, ['a']);
    expect(opened.list.get()).toMatchObject({ isLoading: false, error: null });
  });

  test('that refuses the reading ends it until the next connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    using opened = openList();
    await opened.send({ type: 'watching' });
    opened.refuse(new ReelgateError('FORBIDDEN', 'This token may not list jobs.'));
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    expect(opened.requests).toHaveLength(1);
    expect(opened.list.get()).toMatchObject({ jobs: [], error: { code: 'FORBIDDEN' } });
    await opened.send({ type: 'watching' });
    opened.answer([job('a')]);
    await until(opened.ids, ['a']);
    expect(opened.list.get().error).toBeNull();
  });

  test('that refuses the changes ends them until there is a new connection', async () => {
    using opened = openList();
    await opened.load([job('a')]);
    opened.state('refused');
    opened.fail(new ReelgateError('UNAUTHENTICATED', 'The token has expired.'));
    await settled();
    expect(opened.list.get()).toMatchObject({ jobs: [{ id: 'a' }], error: { code: 'UNAUTHENTICATED' } });
    expect(opened.watching()).toBe(0);
    opened.state('idle');
    await until(opened.watching, 1);
    // The token is another owner's.
    await opened.send({ type: 'watching' });
    opened.answer([job('b')]);
    await until(opened.ids, ['b']);
    expect(opened.list.get().error).toBeNull();
  });

  test('is no reason to repeat a refused operation when the connection becomes idle', async () => {
    using opened = openList();
    opened.fail(new ReelgateError('FORBIDDEN', 'This token may not watch jobs.'));
    await settled();
    opened.state('idle');
    await settled();
    expect(opened.watching()).toBe(0);
    opened.state('connecting');
    await until(opened.watching, 1);
  });
});
