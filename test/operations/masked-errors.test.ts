import { describe, expect, it } from 'vitest';
import { CANNOT_WRITE, StoreUnavailableError } from '../../src/store/job-store.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { TRANSPORTS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { overrideStore } from '../support/override-store.ts';

const SECRET = 'password of postgres://db';
const UNEXPECTED = { message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
const UNAVAILABLE = {
  message: 'The job store cannot be reached. Try again in a moment.',
  extensions: { code: 'STORE_UNAVAILABLE' },
};

const FAILURES = [
  { name: 'an error', failure: new Error(SECRET), shown: UNEXPECTED },
  { name: 'an error with a cause', failure: new Error('a', { cause: new Error(SECRET) }), shown: UNEXPECTED },
  { name: 'several errors in one', failure: new AggregateError([new Error(SECRET)], 'b'), shown: UNEXPECTED },
  { name: 'text', failure: SECRET, shown: UNEXPECTED },
  { name: 'an object', failure: { message: SECRET, extensions: { secret: SECRET } }, shown: UNEXPECTED },
  { name: 'an unreachable store', failure: new StoreUnavailableError(SECRET), shown: UNAVAILABLE },
  {
    name: 'a store that cannot write',
    failure: new StoreUnavailableError(SECRET, { shown: CANNOT_WRITE }),
    shown: { ...UNAVAILABLE, message: 'The job store cannot write. Try again in a moment.' },
  },
];

describe.each(FAILURES)('$name', ({ failure, shown }) => {
  const wrapStore: Parameters<typeof startGateway>[0] = {
    wrapStore: (store) =>
      overrideStore(store, { list: () => Promise.reject(failure), subscribe: () => Promise.reject(failure) }),
  };
  const LIST = '{ videoJobs { nodes { id } } }';

  it('by a query is masked over HTTP, and logged', async () => {
    await using gateway = await startGateway(wrapStore);
    const answer = await graphql(gateway.url, LIST);
    expect(answer.errors).toMatchObject([{ ...shown, path: ['videoJobs'] }]);
    expectSecret(gateway, answer);
  });

  it('by a query is masked over WebSocket, and logged', async () => {
    await using gateway = await startGateway(wrapStore);
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', LIST);
    const answer = await client.result('1');
    expect(answer.errors).toMatchObject([{ ...shown, path: ['videoJobs'] }]);
    expectSecret(gateway, answer);
  });

  it('by a query is masked over SSE, and logged', async () => {
    await using gateway = await startGateway(wrapStore);
    using client = await SseClient.open(gateway.url, LIST);
    const answer = await client.result();
    expect(answer.errors).toMatchObject([{ ...shown, path: ['videoJobs'] }]);
    expectSecret(gateway, answer);
  });

  it.each(TRANSPORTS)('by a subscription is masked over $name, and logged', async ({ open }) => {
    await using gateway = await startGateway(wrapStore);
    using stream = await open(gateway.url, 'subscription { videoJobsUpdated { id } }');
    const answer = await stream.result();
    expect(answer.errors).toMatchObject([shown]);
    expectSecret(gateway, answer);
  });
});

describe.each(TRANSPORTS)('over $name', ({ open }) => {
  it('an error in one event is masked and logged, and the stream goes on', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { getVideoData: () => Promise.reject(new Error(SECRET)) }),
    });
    const mover = new JobMover(gateway);
    const { id } = await mover.accept();
    using stream = await open(
      gateway.url,
      `subscription { videoJobUpdated(id: "${id}") { version video { base64 } } }`,
    );
    await stream.result();
    await mover.move(id, ...WHOLE_LIFE.slice(0, -1));
    await mover.collectInline(id, 'AAAA');
    let answer = await stream.result<{ videoJobUpdated: { version: number } }>();
    while (answer.data?.videoJobUpdated.version !== 6) answer = await stream.result();
    expect(answer.data).toEqual({ videoJobUpdated: { version: 6, video: { base64: null } } });
    expect(answer.errors).toMatchObject([{ ...UNEXPECTED, path: ['videoJobUpdated', 'video', 'base64'] }]);
    expectSecret(gateway, answer);
    await stream.completed();
  });
});

it('a failure to create the context is masked over HTTP and logged', async () => {
  await using gateway = await startGateway({
    wrapContext: () => {
      throw new Error(SECRET);
    },
  });
  const answer = await graphql(gateway.url, '{ __typename }');
  expect(answer.errors).toEqual([UNEXPECTED]);
  expectSecret(gateway, answer);
});

/** The client sees neither the message nor details that Yoga or Node add. The log has the message. */
function expectSecret(gateway: Gateway, answer: unknown): void {
  const text = JSON.stringify(answer);
  for (const word of [SECRET, 'stack', 'node_modules', 'originalError', '"http"', '"unexpected"']) {
    expect(text).not.toContain(word);
  }
  expect(gateway.log.errors.join('\n')).toContain(SECRET);
}
