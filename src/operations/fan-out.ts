import type { ExecutionResult } from 'graphql';
import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job/job.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import type { CheckedDocument } from './documents.ts';
import type { OpenDocuments } from './open-documents.ts';
import type { OperationPlan } from './operation-plan.ts';
import type { Operation, Variables } from './operation.ts';
import { jsonOf } from './results.ts';
import type { TurnQueue } from './work-queues.ts';

/** Subscribers with the same result of an event: same document, rights, gateway URL and variables. */
export interface SubscriberGroup {
  readonly key: string;
  readonly document: CheckedDocument;
  readonly plan: OperationPlan;
  readonly caller: Caller;
  readonly baseUrl: string;
  readonly variables: Variables;
  /** Number of subscribers. */
  size: number;
  /** The result of the last event; null: the event was not executed for this group. */
  result: EventResult | Promise<EventResult> | null;
}

/** The properties that decide to which group a subscriber belongs. */
export type Subscriber = Pick<Operation, 'document' | 'plan' | 'caller' | 'baseUrl' | 'variables'>;

/** What happened: the new version of a job, or the removal of the job with this id. */
export type SubscriptionEvent = Job | string;

/** The result of one event, shared by all subscribers of a group. */
export class EventResult {
  readonly result: ExecutionResult;
  readonly occurred: SubscriptionEvent;
  #json: string | null = null;

  constructor(result: ExecutionResult, occurred: SubscriptionEvent) {
    this.result = result;
    this.occurred = occurred;
  }

  /** Of the job; 0 for a removal. */
  get version(): number {
    return typeof this.occurred === 'string' ? 0 : this.occurred.version;
  }

  /** As JSON, see `byteString`. Written once for all subscribers. */
  get json(): string {
    return (this.#json ??= jsonOf(this.result));
  }
}

/** Options of `FanOut`. */
export interface FanOutOptions {
  /** Creates the context of one event. */
  readonly createContext: (
    caller: Caller,
    baseUrl: string,
    lastEventId: null,
    traceparent: null,
  ) => GraphQLContext;
  /** Masks the errors of a result for clients. */
  readonly present: (result: ExecutionResult) => ExecutionResult;
  readonly clock: Clock;
  /** The documents of all groups. */
  readonly open: OpenDocuments;
  /** Starts large executions one per turn of the event loop: one event may be executed for many groups. */
  readonly turns: TurnQueue;
}

/** Milliseconds for which a result is reused: its estimates become outdated. */
const SHARED_MS = 50;

/** Executes each event once per group of subscribers in this process. Groups never share a result. */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #groups = new Map<string, SubscriberGroup>();
  /** The last event, when it came, and the groups that have a result of it. */
  #event: SubscriptionEvent | null = null;
  #eventAt = 0;
  #served: SubscriberGroup[] = [];

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /**
   * Adds a subscriber to its group. It leaves by `leave`.
   *
   * @throws GraphQLError when there is no memory for another document
   */
  join({ document, plan, caller, baseUrl, variables }: Subscriber): SubscriberGroup {
    const key = `${plan.id} ${rightsOf(caller)} ${JSON.stringify(baseUrl)} ${plan.eventKey(variables)}`;
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.size += 1;
      return known;
    }
    this.#options.open.join(document, caller.ownerId);
    const group = {
      key,
      document,
      plan,
      caller,
      baseUrl,
      variables: plan.declared(variables),
      size: 1,
      result: null,
    };
    this.#groups.set(key, group);
    return group;
  }

  leave(group: SubscriberGroup): void {
    group.size -= 1;
    if (group.size > 0) return;
    this.#groups.delete(group.key);
    this.#options.open.leave(group.document);
  }

  /** @returns a promise when a resolver has to read something, or the execution waits for a turn of the event loop */
  resultOf(event: SubscriptionEvent, group: SubscriberGroup): EventResult | Promise<EventResult> {
    const now = this.#options.clock.now();
    // All subscribers get a version in the same turn of the event loop, as the same object.
    if (event !== this.#event || now - this.#eventAt > SHARED_MS) {
      for (const served of this.#served) served.result = null;
      this.#served = [];
      this.#event = event;
      this.#eventAt = now;
    }
    if (group.result === null) {
      group.result = this.#start(event, group);
      this.#served.push(group);
    }
    return group.result;
  }

  #start(event: SubscriptionEvent, group: SubscriberGroup): EventResult | Promise<EventResult> {
    if (!group.plan.isLarge) return this.#execute(event, group);
    return this.#options.turns.wait().then(() => this.#execute(event, group));
  }

  #execute(
    event: SubscriptionEvent,
    { plan, caller, baseUrl, variables }: SubscriberGroup,
  ): EventResult | Promise<EventResult> {
    const { createContext, present } = this.#options;
    const context = createContext(caller, baseUrl, null, null);
    const result = plan.execute(event, context, variables);
    if (!(result instanceof Promise)) return new EventResult(present(result), event);
    return result
      .then((settled) => new EventResult(present(settled), event))
      .finally(() => context.answer.release());
  }
}

/** Cached results of `rightsOf`: a caller opens many subscriptions. */
const knownRights = new WeakMap<Caller, string>();

/** Equal for callers for whom an event has the same result. */
function rightsOf(caller: Caller): string {
  const known = knownRights.get(caller);
  if (known !== undefined) return known;
  const { ownerId, jobId, scopes } = caller;
  const rights = JSON.stringify([ownerId, jobId, ...[...scopes].toSorted()]);
  knownRights.set(caller, rights);
  return rights;
}
