import { SharedCallBudget } from '../../../src/store/call-budget.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisBacklog } from '../../../src/store/redis/redis-backlog.ts';
import { RedisDeliveries } from '../../../src/store/redis/redis-deliveries.ts';
import { RedisInstances } from '../../../src/store/redis/redis-instances.ts';
import { RedisOperatorActions } from '../../../src/store/redis/redis-operator-actions.ts';
import { RedisSharedText } from '../../../src/store/redis/redis-shared-text.ts';
import type { Storage } from '../../../src/store/storage.ts';
import { SIGN_IN, signToken } from '../../auth/tokens.ts';
import { openRedis } from '../../store/redis/open-redis.ts';
import { NO_EVENTS } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { answerOf, type GraphQLAnswer, postBody } from '../../support/gateway/http.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { DAY } from '../../support/times.ts';

/** A gateway without a poller, and the store that its operators see. */
export interface OperatedGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly store: JobStore;
  readonly deliveries: Storage['deliveries'];
  readonly budget: Storage['budget'];
  /** Damages a stored job. @returns a function that repairs it */
  readonly damage: (jobId: string) => Promise<() => Promise<void>>;
  /** Runs an operation with a token, by default that of an operator. */
  readonly send: (query: string, id?: string, token?: string) => Promise<TextAnswer>;
}

/** An answer with its text. */
interface TextAnswer extends GraphQLAnswer {
  readonly text: string;
}

const OPERATOR = { sub: 'grace', scope: 'gateway:admin' };

/** Both engines for `describe.each`. */
export const ENGINES: readonly (readonly [string, () => Promise<OperatedGateway>])[] = [
  ['the embedded store', openEmbedded],
  ['Redis', openOnRedis],
];

/** Runs an operation with a token, by default that of an operator. */
export async function sendTo({ url }: Gateway, query: string, id = '', token?: string): Promise<TextAnswer> {
  const variables = query.includes('$id') ? { id } : {};
  const headers = { authorization: `Bearer ${token ?? (await signToken(OPERATOR))}` };
  const { text } = await postBody(url, JSON.stringify({ query, variables }), headers);
  return { ...answerOf(text), text };
}

export async function openEmbedded(): Promise<OperatedGateway> {
  const gateway = await startGateway({ settings: SIGN_IN });
  const { store, deliveries, budget } = gateway;
  return {
    gateway,
    store,
    deliveries,
    budget,
    damage: async (id) => {
      const row = store.database.prepare('SELECT body FROM jobs WHERE id = ?').get(id);
      const write = (body: string) =>
        void store.database.prepare('UPDATE jobs SET body = ? WHERE id = ?').run(body, id);
      const body = String(row?.['body']);
      write(body.replace('"prompt":"', '"prompt":'));
      return async () => write(body);
    },
    send: (...given) => sendTo(gateway, ...given),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** The gateway serves only what is for operators: its other parts use the embedded store. */
async function openOnRedis(): Promise<OperatedGateway> {
  await using resources = new AsyncDisposableStack();
  const redis = resources.use(await RedisServer.start());
  const clock = new FakeClock();
  const store = resources.use(await openRedis([redis.url], { clock }));
  const { client, quarantine } = store;
  const now = clock.now;
  const storage = {
    backlog: new RedisBacklog({ client, quarantine, now }),
    deliveries: new RedisDeliveries({ client, quarantine, retentionMs: 7 * DAY }),
    budget: new SharedCallBudget(new RedisSharedText(client, keys.budget), 50, now, NO_EVENTS),
    instances: new RedisInstances(client),
    operatorActions: new RedisOperatorActions({
      client,
      quarantine,
      publishWork: (job) => store.publishWork(job),
    }),
  };
  const gateway = resources.use(await startGateway({ settings: SIGN_IN, clock, storage }));
  const owned = resources.move();
  return {
    gateway,
    store,
    ...storage,
    damage: async (id) => {
      const key = keys.job(id);
      const request = (await client.hget(key, 'request')) ?? '';
      await client.hset(key, 'request', request.replace('"prompt":"', '"prompt":'));
      return async () => void (await client.hset(key, 'request', request));
    },
    send: (...given) => sendTo(gateway, ...given),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
