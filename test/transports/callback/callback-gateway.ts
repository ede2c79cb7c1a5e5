import { CallbackRouter } from '../../support/gateway/callback-router.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { answerOf, type HttpAnswer, postBody } from '../../support/gateway/http.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';

const WATCH_JOB = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id version } }';
/** A subscription that does not end by itself. */
export const WATCH_ALL = 'subscription { videoJobsUpdated { id version } }';

/** The request of a router. By default it watches one job. */
interface SubscribeRequest {
  readonly query?: string;
  readonly variables?: object;
  readonly subscription?: object;
  readonly operationName?: string;
  /** The SHA-256 of the document. */
  readonly hash?: string;
}

/** The value of `extensions.subscription` in a request of the router. */
export function extensionFor(router: CallbackRouter, heartbeatIntervalMs = 0) {
  const callbackUrl = `${router.origin}/callback/s1?a=b`;
  return { callbackUrl, subscriptionId: 's1', verifier: 'v1', heartbeatIntervalMs };
}

/** Subscribes as a router does. */
export function subscribe(
  gateway: Gateway,
  { query = WATCH_JOB, variables, subscription, operationName, hash }: SubscribeRequest,
) {
  const persistedQuery = hash === undefined ? undefined : { version: 1, sha256Hash: hash };
  const body = JSON.stringify({
    query,
    variables,
    operationName,
    extensions: { subscription, persistedQuery },
  });
  return postBody(gateway.url, body, { accept: 'application/json;callbackSpec=1.0; charset=utf-8' });
}

/** The status and the codes of an answer. */
export function refusalOf({ status, text }: HttpAnswer) {
  return [status, answerOf(text).errors?.map(({ extensions }) => extensions?.['code'])];
}

/** A gateway with one job, and a router whose URLs below `path` may be called back. */
export async function startCallbacks(path = '') {
  const router = await CallbackRouter.start();
  const gateway = await startGateway({ settings: { CALLBACK_ORIGINS: `${router.origin}${path}` } });
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  return {
    router,
    gateway,
    mover,
    id,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
    },
  };
}
