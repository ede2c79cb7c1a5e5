import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signToken, START, SIGN_IN } from '../auth/tokens.ts';
import { settled } from '../support/fake-clock.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { WsClient, type WsMessage } from '../support/gateway/ws-client.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';

const WATCH = `subscription Watch($id: ID!, $sinceVersion: Int) {
  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { version }
}
subscription All { videoJobsUpdated { version } }
query Ask($id: ID!) { videoJob(id: $id) { version } }`;

interface SubscribeCase {
  readonly payload: object;
  /** The claims of its token. */
  readonly claims?: object;
}

/** The outcome of each depends on values that are checked for every subscription: the caller, the variables, the operation name. */
const CASES: readonly (readonly [string, (id: string) => SubscribeCase])[] = [
  ['a valid subscription', (id) => ({ payload: watch({ id }) })],
  ['a job of another owner', (id) => ({ payload: watch({ id }), claims: { sub: 'bob' } })],
  ['no right to read', (id) => ({ payload: watch({ id }), claims: { scope: 'video:generate' } })],
  ['a token that has expired', (id) => ({ payload: watch({ id }), claims: { exp: START - 3600 } })],
  ['an unknown job', () => ({ payload: watch({ id: 'unknown' }) })],
  ['a variable that is missing', () => ({ payload: watch({}) })],
  ['no variables', () => ({ payload: watch(null) })],
  ['a variable of another type', (id) => ({ payload: watch({ id, sinceVersion: 'secret' }) })],
  ['a null for a required variable', () => ({ payload: watch({ id: null }) })],
  ['very many variables', (id) => ({ payload: watch({ id, more: Array.from({ length: 1001 }, () => 0) }) })],
  ['an unknown operation', (id) => ({ payload: watch({ id }, 'Other') })],
  ['an operation with an empty name', (id) => ({ payload: watch({ id }, '') })],
  ['no operation of several', (id) => ({ payload: watch({ id }, null) })],
  ['a query of the same document', (id) => ({ payload: watch({ id }, 'Ask') })],
  ['an empty name where there is one operation', (id) => ({ payload: { ...alone(id), operationName: '' } })],
  ['the name in the text', (id) => ({ payload: { query: `Watch\n${WATCH}`, variables: { id } } })],
];

function watch(variables: object | null, operationName: string | null = 'Watch'): object {
  return { query: WATCH, operationName, variables };
}

/** The only operation of its document, without a name. */
function alone(id: string): object {
  return { query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }', variables: { id } };
}

async function accept(gateway: Gateway): Promise<string> {
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  return id;
}

/** Subscribes. @returns the first message: a result, an error or the end */
async function firstAnswer(
  client: WsClient,
  id: string,
  { payload, claims }: SubscribeCase,
): Promise<WsMessage> {
  const extensions = { headers: { authorization: `Bearer ${await signToken(claims)}` } };
  client.send({ id, type: 'subscribe', payload: { ...payload, extensions } });
  return client.next(id);
}

describe('a subscription equal to an earlier one', () => {
  it.each(CASES)('is answered like the first: %s', async (_, caseOf) => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const job = await accept(gateway);
    const subscribed = caseOf(job);
    using client = await WsClient.connect(gateway.url);
    const first = await firstAnswer(client, 'first', subscribed);
    client.complete('first');
    await firstAnswer(client, 'a', { payload: watch({ id: job }) });
    await firstAnswer(client, 'b', { payload: alone(job) });
    using again = await WsClient.connect(gateway.url);
    expect(await firstAnswer(again, 'first', subscribed)).toEqual(first);
  });

  it('ends with its own token, and leaves nothing behind', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const payload = watch({ id: await accept(gateway) });
    using client = await WsClient.connect(gateway.url);
    for (const [id, seconds] of [['long', 3600] as const, ['short', 60] as const])
      await firstAnswer(client, id, { payload, claims: { exp: START + seconds } });
    await gateway.clock.advance(60_000);
    await client.next('short').then(({ type }) => expect(type).toBe('error'));
    expect(gateway.store.listenerCount).toBe(1);
    client.socket.terminate();
    await until(() => gateway.store.listenerCount, 0);
    await settled();
    expect(gateway.clock.sleeping).toBe(0);
  });

  it('leaves nothing behind when it is completed or its socket closes while it opens', async () => {
    await using gateway = await startGateway();
    const payload = watch({ id: (await new JobMover(gateway).accept()).id });
    using client = await WsClient.connect(gateway.url);
    await firstAnswer(client, 'first', { payload });
    for (let time = 0; time < 20; time += 1) {
      using leaving = await WsClient.connect(gateway.url);
      leaving.send({ id: 'a', type: 'subscribe', payload });
      leaving.complete('a');
      leaving.send({ id: 'a', type: 'subscribe', payload });
      leaving.socket.close();
    }
    await until(() => gateway.webSockets.size, 1);
    await until(() => gateway.store.listenerCount, 1);
    await settled();
    expect(gateway.store.listenerCount).toBe(1);
  });

  it('is opened by its id only with trusted documents', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'trusted.json');
    writeFileSync(path, JSON.stringify({ watch: WATCH }));
    await using gateway = await startGateway({ settings: { TRUSTED_DOCUMENTS_FILE: path } });
    const { id } = await new JobMover(gateway).accept();
    using client = await WsClient.connect(gateway.url);
    const payload = { query: '', documentId: 'watch', operationName: 'Watch', variables: { id } };
    for (const operation of ['a', 'b', 'c']) {
      client.send({ id: operation, type: 'subscribe', payload });
      expect(await client.result(operation)).toEqual({ data: { videoJobUpdated: { version: 1 } } });
    }
    client.send({ id: 'd', type: 'subscribe', payload: { ...payload, documentId: 'other' } });
    expect(await client.refusal('d')).toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }]);
  });
});
