import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { createLRUCache } from 'graphql-yoga';
import type { Caller } from '../domain/caller.ts';
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
  readonly log: { error(details: object, message: string): void };
}

/** Plans that are kept for subscribers to come. */
const KEPT_PLANS = 100;

/**
 * The results of events as JSON. An event is executed and written once for all subscribers who asked for the same, with
 * the same rights, in this process; others never share.
 */
export class SharedPayloads {
  readonly #options: SharedPayloadsOptions;
  readonly #plans = createLRUCache<SubscriptionPlan>({ max: KEPT_PLANS });
  /** By the event, which is one object for all its subscribers, then by the subscriber's key. */
  readonly #payloads = new WeakMap<Job, Map<string, string | Promise<string>>>();

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
    const known = this.#payloads.get(event);
    const payload = known?.get(subscriber.key);
    if (payload !== undefined) return payload;
    const made = this.#make(event, subscriber);
    if (known === undefined) this.#payloads.set(event, new Map([[subscriber.key, made]]));
    else known.set(subscriber.key, made);
    return made;
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
