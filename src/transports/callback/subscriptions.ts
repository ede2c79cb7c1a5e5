import type { ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import { refusal } from '../../graphql/errors.ts';
import { formatErrors } from '../../operations/results.ts';
import { MessageClient } from '../../providers/message-client.ts';
import { CallbackSubscription } from './subscription.ts';
import { type CallbackTarget, parseTarget } from './target.ts';

/** Options of callback subscriptions. */
export interface CallbackOptions {
  /** Allowed prefixes of callback URLs, see parseTarget; empty: none are allowed. */
  readonly prefixes: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
}

/** Open callback subscriptions: they have no connection that could be counted and limited. */
const MAX_SUBSCRIPTIONS = 1000;
/** Milliseconds for one request. */
const DEADLINE_MS = 5000;
/** Connections to one router at a time. */
const MAX_CONNECTIONS = 100;
/** Milliseconds for the last messages when the process ends. */
const STOP_MS = 2000;
const RESTART = { message: 'The gateway restarts. Subscribe again.', code: 'SERVICE_RESTART' };

/**
 * The subscriptions of routers by HTTP callback (Apollo's callbackSpec=1.0). Disposing ends them all, each with a `complete` with an
 * error, so that the router does not treat it as the end of the job.
 */
export class CallbackSubscriptions implements AsyncDisposable {
  readonly #options: CallbackOptions;
  readonly #router: MessageClient;
  /** Subscriptions that are checked or open, with promises that resolve when they end. */
  readonly #open = new Map<CallbackSubscription, Promise<void>>();
  #stopping = false;

  constructor(options: CallbackOptions) {
    this.#options = options;
    this.#router = new MessageClient({
      // The operator has allowed the URLs. Routers are mostly inside of a private network, so no proxy is asked.
      isTrusted: () => true,
      proxy: null,
      connections: MAX_CONNECTIONS,
      timeoutMs: DEADLINE_MS,
      now: options.now,
    });
  }

  /**
   * Reads `extensions.subscription` of a request.
   *
   * @throws GraphQLError when it is malformed, or its URL is not allowed
   */
  targetOf(extension: unknown): CallbackTarget {
    return parseTarget(extension, this.#options.prefixes);
  }

  /**
   * Checks that the router expects the subscription, then sends it the events.
   *
   * @returns why it is refused; the events are released then
   */
  async open(target: CallbackTarget, events: AsyncIterator<ExecutionResult>): Promise<GraphQLError | null> {
    const refused = this.#refusal();
    if (refused !== null) {
      await events.return?.();
      return refused;
    }
    const subscription = new CallbackSubscription(target, events, this.#router);
    this.#open.set(subscription, Promise.resolve());
    if (!(await subscription.check())) {
      this.#open.delete(subscription);
      return refusal(400, 'CALLBACK_REFUSED', 'The callback URL did not answer 204 to the check.');
    }
    this.#open.set(subscription, this.#run(subscription));
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const deadline = AbortSignal.timeout(STOP_MS);
    const errors = [{ message: RESTART.message, extensions: { code: RESTART.code } }];
    const open = [...this.#open];
    await Promise.all(open.map(([each]) => each.stop({ action: 'complete', errors }, deadline)));
    await Promise.all(open.map(([, ended]) => ended));
    await this.#router[Symbol.asyncDispose]();
  }

  async #run(subscription: CallbackSubscription): Promise<void> {
    try {
      await subscription.run();
    } catch (error) {
      emitFault(this.#options.events, 'server', 'error', 'a callback subscription failed', { err: error });
    } finally {
      this.#open.delete(subscription);
    }
  }

  #refusal(): GraphQLError | null {
    if (this.#stopping) return refusal(503, RESTART.code, RESTART.message);
    if (this.#open.size < MAX_SUBSCRIPTIONS) return null;
    return refusal(
      503,
      'TOO_MANY_SUBSCRIPTIONS',
      `The gateway has ${MAX_SUBSCRIPTIONS.toLocaleString('en')} callback subscriptions, which is the limit. Try again later.`,
    );
  }
}

/** Lets a router subscribe by POST with `extensions.subscription`, without an open connection. */
export function useCallbacks(callbacks: CallbackSubscriptions): Plugin {
  const targets = new WeakMap<Request, CallbackTarget>();
  return {
    onParams({ request, params }) {
      const extension: unknown = params.extensions?.['subscription'];
      if (request.method === 'POST' && extension != null) targets.set(request, callbacks.targetOf(extension));
    },
    onResultProcess(processing) {
      const { request, result } = processing;
      const target = targets.get(request);
      if (target === undefined || !isAsyncIterable(result)) return;
      processing.setResultProcessor(async (_, { Response }) => {
        const events: AsyncIterable<ExecutionResult> = result;
        const refused = await callbacks.open(target, events[Symbol.asyncIterator]());
        if (refused === null) {
          return Response.json({ data: null }, { headers: { 'subscription-protocol': 'callback' } });
        }
        return Response.json({ errors: formatErrors([refused]) }, { status: statusOf(refused) });
      }, 'application/json');
    },
  };
}

function statusOf({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }): number {
  const { http } = extensions;
  return typeof http === 'object' && http !== null && 'status' in http ? Number(http.status) : 500;
}
