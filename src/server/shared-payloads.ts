import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import type { PushIterator } from '../watching/push-iterator.ts';
import { hasTooManyValues } from './document/admit.ts';
import { MAX_CACHED_LENGTH } from './document/documents.ts';
import { codeInputErrors } from './input-errors.ts';
import { maskError } from './mask-error.ts';
import { OneATurn } from './one-a-turn.ts';
import { operationKey } from './operation-key.ts';
import { recentlyUsed } from './recently-used.ts';
import { type PlanOptions, SubscriptionPlan, type Variables } from './subscription-plan.ts';
import { formatErrors } from './ws-errors.ts';
import { bytesOf } from './ws-frame.ts';

/** Subscribers who asked for the same with the same rights, in the words of the first of them. */
export interface Audience {
  readonly key: string;
  readonly plan: SubscriptionPlan;
  readonly caller: Caller;
  /** The gateway's URL for their clients. */
  readonly baseUrl: string;
  readonly variables: Variables;
  /** How many they are. */
  size: number;
  /** Of the last event, if it was executed for them. */
  payload: string | Promise<string> | null;
}

/** Who asks for which subscription. */
export interface SubscriptionWish {
  /** The document's. */
  readonly text: string;
  readonly operationName: string | null | undefined;
  readonly variables: Variables | null | undefined;
  readonly caller: Caller;
  readonly baseUrl: string;
}

/** A subscription whose events are still to be sent. */
export interface OpenSubscription {
  readonly feed: PushIterator<Job>;
  readonly options: PlanOptions;
}

/** What payloads are made with. */
export interface SharedPayloadsOptions {
  /** Makes the context of one operation. */
  readonly createContext: (caller: Caller, baseUrl: string) => GraphQLContext;
  readonly clock: Clock;
  readonly log: { error(details: object, message: string): void };
}

/** Milliseconds for which a payload may be used again: the estimates in it are of when it was made. */
const SHARED_MS = 50;
/** Plans that are kept for subscribers to come, of documents that are short enough to be cached. */
const KEPT_PLANS = 100;

/**
 * The results of events as JSON. An event is executed and written once for all subscribers who asked for the same, with
 * the same rights and by the same URL of the gateway, in this process; others never share.
 */
export class SharedPayloads {
  readonly #options: SharedPayloadsOptions;
  readonly #plans = recentlyUsed<SubscriptionPlan>(KEPT_PLANS);
  readonly #turns = new OneATurn();
  readonly #audiences = new Map<string, Audience>();
  /** The last event, when it came, and who has a payload of it. */
  #event: Job | null = null;
  #eventAt = 0;
  #served: Audience[] = [];

  constructor(options: SharedPayloadsOptions) {
    this.#options = options;
  }

  /**
   * Opens one more subscription by a document by which one was opened before: what its text says was found good then,
   * and who asks, and with what variables, is looked at each time.
   *
   * @returns null when there was none, and when it can't be opened: the long way tells why
   */
  async open(wish: SubscriptionWish): Promise<OpenSubscription | null> {
    const { text, operationName, variables, caller, baseUrl } = wish;
    const plan = this.#plans.get(operationKey(text, operationName));
    if (plan === undefined || hasTooManyValues(variables)) return null;
    const feed = await plan.open(() => this.#options.createContext(caller, baseUrl), variables ?? {});
    return feed === null ? null : { feed, options: plan.options };
  }

  /**
   * Counts one more subscriber, to be counted off by `leave`; and remembers the subscription's plan.
   *
   * @param text the document's text
   * @param args of a subscription that is open
   */
  join(text: string, args: ExecutionArgs, caller: Caller, baseUrl: string): Audience {
    const { schema, document, operationName, variableValues } = args;
    const variables = variableValues ?? {};
    const name = operationKey(text, operationName);
    let plan = this.#plans.get(name);
    if (plan === undefined) {
      plan = new SubscriptionPlan(
        { schema, document, operationName: operationName ?? undefined },
        this.#turns,
      );
      // A long one is its subscriber's alone, and goes with it.
      if (text.length <= MAX_CACHED_LENGTH) this.#plans.set(name, plan);
    }
    const rights = [baseUrl, caller.ownerId, caller.jobId, ...[...caller.scopes].toSorted()];
    const key = `${plan.id} ${JSON.stringify(rights)} ${plan.variablesKey(variables)}`;
    const audience = this.#audiences.get(key) ?? {
      key,
      plan,
      caller,
      baseUrl,
      variables,
      size: 0,
      payload: null,
    };
    audience.size += 1;
    if (audience.size === 1) this.#audiences.set(key, audience);
    return audience;
  }

  /** Counts a subscriber off. */
  leave(audience: Audience): void {
    audience.size -= 1;
    if (audience.size === 0) this.#audiences.delete(audience.key);
  }

  /** The payload of a `next` message, a character a byte; a promise when something had to be read for it. */
  of(event: Job, audience: Audience): string | Promise<string> {
    const now = this.#options.clock.now();
    // All subscribers of an event are told in one go; and it is the same object for all of them.
    if (event !== this.#event || now - this.#eventAt > SHARED_MS) {
      for (const served of this.#served) served.payload = null;
      this.#served = [];
      this.#event = event;
      this.#eventAt = now;
    }
    if (audience.payload === null) {
      audience.payload = this.#make(event, audience);
      this.#served.push(audience);
    }
    return audience.payload;
  }

  /** What a client sees of an error; the log has the rest. */
  masked(error: Error): GraphQLError {
    const shown = maskError(error);
    if (shown !== error) {
      const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
      this.#options.log.error({ err: original }, 'GraphQL');
    }
    return shown;
  }

  /** Large payloads are made one a turn of the event loop: one event may be of many subscriptions. */
  #make(event: Job, audience: Audience): string | Promise<string> {
    if (!audience.plan.isLarge) return this.#run(event, audience);
    const turn = new Promise<void>((resolve) => {
      this.#turns.add(resolve);
    });
    return turn.then(() => this.#run(event, audience));
  }

  #run(event: Job, { plan, caller, baseUrl, variables }: Audience): string | Promise<string> {
    const context = this.#options.createContext(caller, baseUrl);
    const result = plan.run(event, context, variables);
    return result instanceof Promise
      ? result.then((settled) => this.#write(settled)).finally(() => context.answer.release())
      : this.#write(result);
  }

  #write(result: ExecutionResult): string {
    if (result.errors === undefined) return bytesOf(JSON.stringify(result));
    const { errors, ...others } = result;
    codeInputErrors(errors);
    const shown = formatErrors(errors.map((error) => this.masked(error)));
    return bytesOf(JSON.stringify({ ...others, errors: shown }));
  }
}
