import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { createLRUCache } from 'graphql-yoga';
import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { maskError } from './mask-error.ts';
import { SubscriptionPlan, type Variables } from './subscription-plan.ts';
import { formatErrors } from './ws-errors.ts';

/** What one subscriber asked for. Subscribers with equal keys are sent the same. */
export interface Subscriber {
  readonly plan: SubscriptionPlan;
  readonly caller: Caller;
  readonly variables: Variables;
  readonly key: string;
}

/** What payloads are made with. */
export interface SharedPayloadsOptions {
  /** Makes the context of one operation. */
  readonly createContext: (caller: Caller) => GraphQLContext;
  readonly clock: Clock;
  readonly log: { error(details: object, message: string): void };
}

/** Milliseconds for which a payload may be used again: the estimates in it are of when it was made. */
const SHARED_MS = 50;
/** Plans that are kept for subscribers to come. */
const KEPT_PLANS = 100;

/**
 * The results of events as JSON. An event is executed and written once for all subscribers who asked for the same, with
 * the same rights, in this process; others never share.
 */
export class SharedPayloads {
  readonly #options: SharedPayloadsOptions;
  readonly #plans = createLRUCache<SubscriptionPlan>({ max: KEPT_PLANS });
  /** The last event, when it came, and its payloads by the subscribers' keys. */
  #event: Job | null = null;
  #eventAt = 0;
  readonly #payloads = new Map<string, string | Promise<string>>();

  constructor(options: SharedPayloadsOptions) {
    this.#options = options;
  }

  /** @param text the document's text */
  subscriber(text: string, args: ExecutionArgs, caller: Caller): Subscriber {
    const { schema, document, operationName, variableValues } = args;
    const variables = variableValues ?? {};
    const name = `${operationName ?? ''}\n${text}`;
    let plan = this.#plans.get(name);
    if (plan === undefined) {
      plan = new SubscriptionPlan({ schema, document, operationName: operationName ?? undefined });
      this.#plans.set(name, plan);
    }
    const rights = [caller.ownerId, caller.jobId, ...[...caller.scopes].toSorted()];
    const key = `${plan.id} ${JSON.stringify(rights)} ${plan.variablesKey(variables)}`;
    return { plan, caller, variables, key };
  }

  /** The payload of a `next` message; a promise when something had to be read for it. */
  of(event: Job, subscriber: Subscriber): string | Promise<string> {
    const now = this.#options.clock.now();
    // All subscribers of an event are told in one go; and it is the same object for all of them.
    if (event !== this.#event || now - this.#eventAt > SHARED_MS) {
      this.#payloads.clear();
      this.#event = event;
      this.#eventAt = now;
    }
    const known = this.#payloads.get(subscriber.key);
    if (known !== undefined) return known;
    const payload = this.#make(event, subscriber);
    this.#payloads.set(subscriber.key, payload);
    return payload;
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

  #make(event: Job, { plan, caller, variables }: Subscriber): string | Promise<string> {
    const result = plan.run(event, this.#options.createContext(caller), variables);
    return result instanceof Promise ? result.then((settled) => this.#write(settled)) : this.#write(result);
  }

  #write({ errors, ...others }: ExecutionResult): string {
    if (errors === undefined) return JSON.stringify(others);
    return JSON.stringify({ ...others, errors: formatErrors(errors.map((error) => this.masked(error))) });
  }
}
