import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import type { StreamOptions } from '../../../support/gateway/http-stream.ts';
import { http, postBody } from '../../../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { SseClient } from '../../../support/gateway/sse-client.ts';
import { jobId } from '../../../support/jobs.ts';
import { overrideStore } from '../../../support/override-store.ts';
import { NOON } from '../../../support/times.ts';
import { until } from '../../../support/until.ts';

const WATCH =
  'subscription ($id: ID!, $sinceVersion: Int) { videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { version } }';

function watch({ url }: Gateway, id: string, lastEventId?: string, options: StreamOptions = {}) {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  return SseClient.open(url, WATCH, { method: 'GET', variables: { id }, headers, ...options });
}

/** The version of the first event. */
async function firstVersion(stream: SseClient): Promise<number | undefined> {
  return (await stream.result<{ videoJobUpdated: { version: number } }>()).data?.videoJobUpdated.version;
}

describe('the id of a server-sent event', () => {
  it('is the version of the job, also when the client selects something else', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    const query = `subscription { ...A } fragment A on Subscription { version: videoJobUpdated(id: "${id}") { version: status } }`;
    using stream = await SseClient.open(gateway.url, query);
    await mover.move(id, WHOLE_LIFE[0] ?? fail());
    const ids = [(await stream.next()).id];
    while (ids.at(-1) !== '2') ids.push((await stream.next()).id);
    await mover.move(id, ...WHOLE_LIFE.slice(1));
    let last = await stream.next();
    while (last.id !== '6') last = await stream.next();
    expect(last).toEqual({ event: 'next', id: '6', data: '{"data":{"version":{"version":"COMPLETED"}}}' });
    expect(await stream.next()).toEqual({ event: 'complete', id: null, data: '' });
  });

  it('is missing in the feed of all jobs', async () => {
    await using gateway = await startGateway();
    using stream = await SseClient.open(gateway.url, 'subscription { videoJobsUpdated { version } }');
    await until(() => gateway.store.listenerCount, 1);
    await new JobMover(gateway).accept();
    expect(await stream.next()).toMatchObject({ event: 'next', id: null });
  });

  it('comes with a pause for browsers before they reconnect', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE);
    using stream = await watch(gateway, id);
    await stream.closed;
    expect(stream.received).toBe(
      'retry: 2000\n\nid: 6\nevent: next\ndata: {"data":{"videoJobUpdated":{"version":6}}}\n\nevent: complete\ndata:\n\n',
    );
  });
});

describe('Last-Event-ID', () => {
  it.each([
    { lastEventId: '2', sinceVersion: null, first: 3 },
    { lastEventId: '2', sinceVersion: 1, first: 3 },
    { lastEventId: '1', sinceVersion: 2, first: 3 },
    { lastEventId: '0', sinceVersion: null, first: 2 },
    { lastEventId: '', sinceVersion: null, first: 2 },
    { lastEventId: '-3', sinceVersion: null, first: 2 },
    { lastEventId: '3.5', sinceVersion: null, first: 2 },
    { lastEventId: '3e0', sinceVersion: null, first: 2 },
    { lastEventId: 'three', sinceVersion: 2, first: 3 },
    { lastEventId: '9'.repeat(400), sinceVersion: null, first: 2 },
  ])('$lastEventId with sinceVersion $sinceVersion', async ({ lastEventId, sinceVersion, first }) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE.slice(0, 1));
    using stream = await watch(gateway, id, lastEventId, { variables: { id, sinceVersion } });
    await until(() => gateway.store.listenerCount, 1);
    if (first === 3) await mover.move(id, ...WHOLE_LIFE.slice(1, 2));
    expect(await firstVersion(stream)).toBe(first);
  });

  it.each(['GET', 'POST'] as const)('of the final state is answered 204, by %s', async (method) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE);
    using stream = await watch(gateway, id, '6', { method });
    expect(await stream.closed).toBe('ended');
    const { statusCode, headers } = stream.response;
    expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
      204,
      undefined,
      'no-store',
    ]);
    expect(stream.received).toBe('');
    expect(gateway.store.listenerCount).toBe(0);
    expect(gateway.log.errors).toEqual([]);
  });

  it.each(['5', '7', '06x'])('%s gets the final state 6', async (lastEventId) => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    await mover.move(id, ...WHOLE_LIFE);
    using stream = await watch(gateway, id, lastEventId);
    expect(await firstVersion(stream)).toBe(6);
    expect((await stream.next()).event).toBe('complete');
  });

  it('does not count for a query', async () => {
    await using gateway = await startGateway();
    const body = JSON.stringify({ query: '{ __typename }' });
    const { status, text } = await postBody(gateway.url, body, { 'last-event-id': '6' });
    expect([status, text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });
});

describe('a refused subscription', () => {
  const cases = [
    {
      code: 'NOT_FOUND',
      byGet: 404,
      query: `subscription { videoJobUpdated(id: "${jobId(NOON)}") { version } }`,
    },
    { code: 'GRAPHQL_VALIDATION_FAILED', byGet: 400, query: 'subscription { nope }' },
    { code: 'BAD_USER_INPUT', byGet: 400, query: WATCH, byPost: 400 },
    { code: 'GRAPHQL_PARSE_FAILED', byGet: 400, query: 'subscription {' },
  ];

  it.each(cases)('with $code has an error status by GET, and its error as an event', async (each) => {
    await using gateway = await startGateway();
    for (const method of ['GET', 'POST'] as const) {
      using stream = await SseClient.open(gateway.url, each.query, { method });
      expect(stream.response.statusCode).toBe(method === 'GET' ? each.byGet : (each.byPost ?? 200));
      expect(stream.response.headers['content-type']).toBe('text/event-stream');
      expect((await stream.result()).errors).toMatchObject([{ extensions: { code: each.code } }]);
      expect((await stream.next()).event).toBe('complete');
    }
  });

  it('has 200 while the store is away, so that an EventSource tries again', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { subscribe: away }),
    });
    using stream = await watch(gateway, jobId(NOON), '3');
    expect(stream.response.statusCode).toBe(200);
    expect((await stream.result()).errors).toMatchObject([{ extensions: { code: 'STORE_UNAVAILABLE' } }]);
    expect(stream.received).not.toContain('id:');
  });

  it('has 500 after an unexpected failure', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { subscribe: fails }),
    });
    using stream = await watch(gateway, jobId(NOON));
    expect(stream.response.statusCode).toBe(500);
  });
});

it('a query by GET that accepts only server-sent events has 200, also with an error in a field', async () => {
  await using gateway = await startGateway({ wrapStore: (store) => overrideStore(store, { list: fails }) });
  const search = new URLSearchParams({ query: '{ videoJobs { nodes { id } } }' });
  const { status, text } = await http(`${gateway.url}/graphql?${search.toString()}`, {
    headers: { accept: 'text/event-stream' },
  });
  expect(status).toBe(200);
  expect(text).toMatch(
    /^retry: 2000\n\nevent: next\ndata: \{.*INTERNAL_SERVER_ERROR.*\}\n\nevent: complete\ndata:\n\n$/,
  );
});

function away(): Promise<never> {
  return Promise.reject(new StoreUnavailableError('away'));
}

function fails(): Promise<never> {
  return Promise.reject(new Error('broken'));
}

function fail(): never {
  throw new Error('unreachable');
}
