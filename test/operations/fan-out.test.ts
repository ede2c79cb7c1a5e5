import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/domain/caller.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { Documents } from '../../src/operations/documents.ts';
import { FanOut } from '../../src/operations/fan-out.ts';
import { OpenDocuments } from '../../src/operations/open-documents.ts';
import { TurnQueue } from '../../src/operations/work-queues.ts';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { overrideStore } from '../support/override-store.ts';

const WATCH =
  'subscription ($id: ID!, $sinceVersion: Int) { videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { version video { base64 } } }';
const WATCH_ALL = 'subscription { videoJobsUpdated { version video { base64 } } }';
const VIDEO_BASE64 = 'AAAAIGZ0eXA=';

/** A gateway that counts how often a video's bytes are read: once for each execution that asks for them. */
async function counted(read: (bytes: string | null) => string | null = (bytes) => bytes) {
  let reads = 0;
  const gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        getVideoData: async (id) => {
          reads += 1;
          return read(await store.getVideoData(id));
        },
      }),
  });
  return { gateway, reads: () => reads, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

/** Ends a job with a video that the store keeps. */
async function endWithBytes(mover: JobMover, id: string): Promise<void> {
  await mover.move(id, ...WHOLE_LIFE.slice(0, 4));
  await mover.collectInline(id, VIDEO_BASE64);
}

describe('equal subscriptions', () => {
  it('share one execution of an event, on several sockets and with different versions', async () => {
    await using counting = await counted();
    const mover = new JobMover(counting.gateway);
    const { id } = await mover.accept();
    using sockets = new DisposableStack();
    const clients: WsClient[] = [];
    for (let count = 0; count < 10; count++) {
      const client = sockets.use(await WsClient.connect(counting.gateway.url));
      client.subscribe('a', WATCH, { id });
      client.subscribe('b', WATCH, { id, sinceVersion: count });
      await client.result('a');
      clients.push(client);
    }
    await endWithBytes(mover, id);
    const last = { videoJobUpdated: { version: 6, video: { base64: VIDEO_BASE64 } } };
    for (const client of clients) {
      for (const operation of ['a', 'b']) {
        let data: unknown;
        do data = (await client.result(operation)).data;
        while (JSON.stringify(data) !== JSON.stringify(last));
        expect(await client.next(operation)).toEqual({ id: operation, type: 'complete' });
      }
    }
    expect(counting.reads()).toBe(1);
  });

  it('share the failure of an execution, masked, and it is logged', async () => {
    await using counting = await counted(() => {
      throw new Error('secret of the store');
    });
    const mover = new JobMover(counting.gateway);
    const { id } = await mover.accept();
    using client = await WsClient.connect(counting.gateway.url);
    for (const operation of ['a', 'b']) {
      client.subscribe(operation, WATCH_ALL);
      await client.processed();
    }
    await endWithBytes(mover, id);
    for (const operation of ['a', 'b']) {
      for (let version = 2; version < 6; version++) await client.result(operation);
      expect(await client.result(operation)).toEqual({
        data: { videoJobsUpdated: { version: 6, video: { base64: null } } },
        errors: [
          expect.objectContaining({
            message: 'Unexpected error.',
            path: ['videoJobsUpdated', 'video', 'base64'],
          }),
        ],
      });
    }
    expect(counting.reads()).toBeLessThanOrEqual(2);
    expect(counting.gateway.log.errors.join('\n')).toContain('secret of the store');
  });
});

describe('a subscriber group', () => {
  const compiling = new TurnQueue();
  const open = new OpenDocuments();
  const documents = new Documents({
    schema: createSchema({ federation: true, model: WAN_MODEL }),
    introspection: true,
    compiling,
    open,
  });
  const fanOut = new FanOut({
    createContext: () => {
      throw new Error('Nothing is executed here.');
    },
    present: (result) => result,
    clock: new FakeClock(),
    turns: compiling,
    open,
  });
  const ada: Caller = { ownerId: 'ada', scopes: new Set(['video:read']), jobId: null, expiresAt: null };
  const text = `subscription S($id: ID!, $sinceVersion: Int, $yes: Boolean = true) {
    videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { version status @include(if: $yes) }
  }
  subscription T($id: ID!) { videoJobUpdated(id: $id) { version } }`;

  async function joined(caller: Caller, variables: object = { id: '1' }, operationName = 'S', query = text) {
    const check = await documents.check(query, caller.ownerId);
    const plan = 'errors' in check ? null : check.plan(operationName);
    if ('errors' in check || plan === null) throw new Error('The document is refused.');
    return fanOut.join({ document: check, plan, caller, variables: { ...variables }, baseUrl: '' });
  }
  const keyOf = async (...args: Parameters<typeof joined>) => (await joined(...args)).key;

  it('is independent of the job and of sinceVersion: these only select events', async () => {
    expect(await keyOf(ada, { id: '2', sinceVersion: 7 })).toBe(await keyOf(ada));
    expect(await keyOf({ ...ada, expiresAt: 5 })).toBe(await keyOf(ada));
  });

  it('exists as long as it has a subscriber', async () => {
    const alone = { ...ada, ownerId: 'alone' };
    const group = await joined(alone);
    expect(await joined(alone)).toBe(group);
    fanOut.leave(group);
    expect(await joined(alone)).toBe(group);
    for (let left = 0; left < 2; left++) fanOut.leave(group);
    expect(await joined(alone)).not.toBe(group);
  });

  it('is the same for equal documents of any length while it has a subscriber', async () => {
    const longest = text.padEnd(4096, '#');
    expect(await keyOf(ada, {}, 'S', longest)).toBe(await keyOf(ada, {}, 'S', longest));
    const first = await joined(ada, {}, 'S', `${longest}#`);
    expect(await joined(ada, {}, 'S', `${longest}#`)).toBe(first);
    for (let left = 0; left < 2; left++) fanOut.leave(first);
    expect(await joined(ada, {}, 'S', `${longest}#`)).not.toBe(first);
  });

  it('keeps only the variables that the operation declares', async () => {
    const group = await joined({ ...ada, ownerId: 'carl' }, { id: '1', unknown: ['large'] });
    expect(group.variables).toEqual({ id: '1' });
  });

  it('differs by owner, by rights, by selection, and by variables that change the result', async () => {
    const keys = await Promise.all([
      keyOf(ada),
      keyOf({ ...ada, ownerId: 'bob' }),
      keyOf({ ...ada, jobId: '1' }),
      keyOf({ ...ada, scopes: new Set(['video:read', 'video:generate']) }),
      keyOf(ada, { id: '1' }, 'T'),
      keyOf(ada, { id: '1' }, 'S', text.replace('version status', 'status version')),
      keyOf(ada, { id: '1', yes: false }),
      keyOf(ada, { id: '1', yes: null }),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

const SELECTIONS = [
  '{ version status isTerminal progress createdAt request { prompt seed resolution } video { url expiresAt } failure { code } }',
  '{ a: version b: version ... on VideoJob { status } request { image ...F } } } fragment F on VideoJobRequest { steps',
  '{ version @skip(if: $yes) status version request @include(if: $yes) { prompt } __typename }',
];

it.each(SELECTIONS)('each update is the same over WebSocket as over event streams: %s', async (selection) => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const yes = selection.includes('$yes') ? ', $yes: Boolean = true' : '';
  const query = `subscription W($id: ID!${yes}) { videoJobUpdated(id: $id) ${selection} }`;
  using opened = new DisposableStack();
  const streams = await Promise.all(
    TRANSPORTS.map(async ({ open }) => opened.use(await open(gateway.url, query, { id }))),
  );
  for (const observation of [null, ...WHOLE_LIFE]) {
    if (observation !== null) await mover.move(id, observation);
    const texts = await Promise.all(streams.map(async (stream) => JSON.stringify(await stream.result())));
    expect(texts[0]).toContain('"videoJobUpdated":{');
    expect(new Set(texts).size).toBe(1);
  }
  for (const stream of streams) await stream.completed();
});
