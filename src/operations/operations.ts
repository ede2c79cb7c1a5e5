import { type ExecutionResult, type GraphQLError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { OperationTransport } from '../events/client-events.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { Answer } from '../graphql/answer-budget.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { refusal } from '../graphql/errors.ts';
import { PushIterator } from '../watching/push-iterator.ts';
import type { DocumentLookup } from './document-lookup.ts';
import { type Check, type CheckedDocument, Documents } from './documents.ts';
import { EventStream } from './event-stream.ts';
import { FanOut, type SubscriberGroup } from './fan-out.ts';
import { isLargeResult, writeInTurns } from './large-results.ts';
import { admit, admitSubscription } from './limits/admit.ts';
import type { OpenDocuments } from './open-documents.ts';
import { emitRefusedOperation } from './operation-events.ts';
import type {
  OperationHook,
  OperationObserver,
  Operation,
  OperationRequest,
  Prepared,
  Refused,
} from './operation.ts';
import { codeInputErrors, maskError, originalOf, shortened, withoutSuggestion } from './results.ts';
import type { TurnQueue } from './work-queues.ts';

/** Options of `Operations`. */
export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  /** False: neither introspection nor suggestions in messages. */
  readonly introspection: boolean;
  /** Finds the documents of requests. */
  readonly lookup: DocumentLookup;
  /** Creates the context of one operation, or of one event. */
  readonly createContext: (
    caller: Caller,
    baseUrl: string,
    lastEventId: number | null,
    traceparent: string | null,
  ) => GraphQLContext;
  readonly clock: Clock;
  readonly hooks: readonly OperationHook[];
  /** Documents of open subscriptions. */
  readonly open: OpenDocuments;
  /** Runs long tasks of all operations. */
  readonly turns: TurnQueue;
  readonly events: EventEmitter;
}

/**
 * Executes every operation of every transport. A transport calls `prepare`, then `execute` for a query or mutation, or `subscribe`
 * for a subscription. None of them throws: errors are in the results, ready for clients.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #documents: Documents;
  readonly #fanOut: FanOut;

  constructor(options: OperationsOptions) {
    this.#options = options;
    const { schema, introspection, createContext, clock, open, turns } = options;
    this.#documents = new Documents({ schema, introspection, compiling: turns, open });
    const present = (result: ExecutionResult) => this.#present(result);
    this.#fanOut = new FanOut({ createContext, present, clock, turns, open });
  }

  /**
   * Finds and checks the document.
   *
   * @returns a promise when the document has to be read from the store, or the owner has to wait until a new document is checked
   */
  prepare(request: OperationRequest): Prepared | Promise<Prepared> {
    const { lookup, hooks } = this.#options;
    const observers = observersOf(hooks, request);
    const fail = (error: unknown) => refuse([this.#presentError(error)], observers);
    try {
      const text = lookup.find(request.params);
      return text instanceof Promise
        ? text.then((found) => this.#check(found, request, observers)).catch(fail)
        : this.#check(text, request, observers);
    } catch (error) {
      return fail(error);
    }
  }

  /** Executes a query or mutation. */
  execute(operation: Operation): ExecutionResult | Promise<ExecutionResult> {
    const { plan, variables, context } = operation;
    const { measured } = plan;
    const refused = admit({ measured, variables, answer: context.answer }, this.#options.turns);
    if (!(refused instanceof Promise)) return this.#run(operation, refused);
    return refused
      .then((later) => this.#run(operation, later))
      .then((result) => this.#written(result, context.answer));
  }

  /** Opens a subscription. It gets every event from now on. */
  async subscribe(operation: Operation): Promise<EventStream | Refused> {
    const { plan, variables, context, observers } = operation;
    try {
      const refused = admitSubscription({ measured: plan.measured, variables });
      if (refused !== null) return refuse([refused], observers);
      const group = this.#fanOut.join(operation);
      const source = await this.#openSource(operation, group);
      if (!(source instanceof PushIterator)) return refuse(this.#present(source).errors ?? [], observers);
      for (const observer of observers) observer.onOpen?.();
      return new EventStream({
        source,
        group,
        fanOut: this.#fanOut,
        observers,
        presentError: (error) => this.#presentError(error),
      });
    } catch (error) {
      return refuse([this.#presentError(error)], observers);
    } finally {
      context.answer.release();
    }
  }

  /**
   * Called when a transport refuses an operation that it does not hand to `execute` or `subscribe`.
   *
   * @param prepared null: it is refused before `prepare`, or its document could not be read
   */
  refused(
    errors: readonly GraphQLError[],
    transport: OperationTransport,
    prepared: Operation | null = null,
  ): void {
    if (prepared !== null) refuse(errors, prepared.observers);
    else emitRefusedOperation(this.#options.events, this.#options.clock, transport, errors);
  }

  /** The group exists before: a subscription that is refused for its document must not read the store. */
  async #openSource({ plan, variables, context }: Operation, group: SubscriberGroup) {
    let isOpen = false;
    try {
      const source = await plan.openSource(context, variables);
      isOpen = source instanceof PushIterator;
      return source;
    } finally {
      if (!isOpen) this.#fanOut.leave(group);
    }
  }

  #check(
    text: string,
    request: OperationRequest,
    observers: readonly OperationObserver[],
  ): Prepared | Promise<Prepared> {
    const check = this.#documents.check(text, request.caller.ownerId);
    const use = (checked: Check) => {
      if ('errors' in checked) return refuse(checked.errors, observers);
      this.#options.lookup.onChecked?.(text, request);
      return this.#plan(checked, request, observers);
    };
    return check instanceof Promise ? check.then(use) : use(check);
  }

  #plan(
    checked: CheckedDocument,
    request: OperationRequest,
    observers: readonly OperationObserver[],
  ): Prepared {
    const { params, caller, baseUrl, lastEventId = null } = request;
    // Some clients send an empty name for an operation without one.
    const plan = checked.plan(params.operationName === '' ? null : params.operationName);
    if (plan === null) return refuse([unresolved()], observers);
    for (const observer of observers) observer.onPlan?.(plan);
    try {
      const own = observers.find((observer) => observer.traceparent !== undefined)?.traceparent;
      const traceparent = own ?? request.traceparent;
      const context = this.#options.createContext(caller, baseUrl, lastEventId, traceparent);
      return {
        document: checked,
        plan,
        variables: params.variables ?? {},
        caller,
        baseUrl,
        context,
        observers,
      };
    } catch (error) {
      return refuse([this.#presentError(error)], observers);
    }
  }

  #run(
    { plan, variables, context, observers }: Operation,
    refused: GraphQLError | null,
  ): ExecutionResult | Promise<ExecutionResult> {
    const finish = (result: ExecutionResult) => observed(this.#present(result), observers);
    const fail = (error: unknown) => observed({ errors: [this.#presentError(error)] }, observers);
    if (refused !== null) return finish({ errors: [refused] });
    try {
      const result = plan.execute({}, context, variables);
      return result instanceof Promise ? result.then(finish, fail) : finish(result);
    } catch (error) {
      return fail(error);
    }
  }

  /** A large result is written here, in turns. Small ones are admitted at once and written by the transport. */
  #written(result: ExecutionResult, { bytes }: Answer): ExecutionResult | Promise<ExecutionResult> {
    return isLargeResult(bytes) ? writeInTurns(result, () => this.#options.turns.wait()) : result;
  }

  /** Masks and shortens the errors of a result. */
  #present(result: ExecutionResult): ExecutionResult {
    const { errors } = result;
    if (errors === undefined) return result;
    codeInputErrors(errors);
    const { introspection } = this.#options;
    const shown = errors.map((error) => this.#presentError(introspection ? error : withoutSuggestion(error)));
    return { ...result, errors: shown };
  }

  #presentError(error: unknown): GraphQLError {
    const shown = maskError(error);
    if (shown !== error)
      emitFault(this.#options.events, 'server', 'error', 'an operation failed', { err: originalOf(error) });
    return shortened(shown);
  }
}

/** Whether an operation was refused. */
export function isRefused(outcome: Operation | EventStream | Refused): outcome is Refused {
  return 'errors' in outcome;
}

/** Whether an operation is for `subscribe`, not `execute`. */
export function isSubscription({ plan }: Operation): boolean {
  return plan.kind === OperationTypeNode.SUBSCRIPTION;
}

function observersOf(
  hooks: readonly OperationHook[],
  request: OperationRequest,
): readonly OperationObserver[] {
  const observers: OperationObserver[] = [];
  for (const hook of hooks) {
    const observer = hook.onOperation(request);
    if (observer !== undefined) observers.push(observer);
  }
  return observers;
}

function refuse(errors: readonly GraphQLError[], observers: readonly OperationObserver[]): Refused {
  const refused = { errors };
  for (const observer of observers) observer.onResult?.(refused);
  return refused;
}

function observed(result: ExecutionResult, observers: readonly OperationObserver[]): ExecutionResult {
  for (const observer of observers) observer.onResult?.(result);
  return result;
}

function unresolved(): GraphQLError {
  return refusal(
    400,
    'OPERATION_RESOLUTION_FAILURE',
    'No operation is chosen: `operationName` must name one of the operations in the document.',
  );
}
