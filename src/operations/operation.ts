import type { GraphQLError, ExecutionResult } from 'graphql';
import type { Caller } from '../domain/caller.ts';
import type { OperationTransport, SubscriptionEndEvent } from '../events/client-events.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import type { CheckedDocument } from './documents.ts';
import type { SubscriptionEvent } from './fan-out.ts';
import type { OperationPlan } from './operation-plan.ts';

/** Values by the names of variables. */
export type Variables = Readonly<Record<string, unknown>>;

/** The parameters of an operation, the same for every transport. */
export interface OperationParams {
  readonly query?: unknown;
  /** As in the appendix on persisted documents of GraphQL over HTTP. */
  readonly documentId?: unknown;
  readonly operationName?: string | null | undefined;
  readonly variables?: Variables | null | undefined;
  readonly extensions?: unknown;
}

/** An operation that a client asks for. */
export interface OperationRequest {
  readonly params: OperationParams;
  readonly caller: Caller;
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  /** `http` also for a subscription whose events are a stream. */
  readonly transport: Exclude<OperationTransport, 'event-stream'>;
  /** See `GraphQLContext`; absent where events have no ids. */
  readonly lastEventId?: number | null;
  /** The client's trace, see `validTraceparent`; null: none. */
  readonly traceparent: string | null;
}

/** An operation that was checked and may be executed or subscribed to, once. */
export interface Operation {
  readonly document: CheckedDocument;
  readonly plan: OperationPlan;
  readonly variables: Variables;
  readonly caller: Caller;
  readonly baseUrl: string;
  /** Its `answer` holds memory: the transport releases it when the result is delivered. */
  readonly context: GraphQLContext;
  readonly observers: readonly OperationObserver[];
}

/** An operation that is refused, with the reasons. */
export interface Refused {
  readonly errors: readonly GraphQLError[];
}

export type Prepared = Operation | Refused;

/** Called once for every operation of every transport, before the operation is checked. */
export interface OperationHook {
  /** @returns an observer of this operation; undefined: none */
  onOperation(request: OperationRequest): OperationObserver | undefined;
}

/** Follows one operation. Its functions must not throw and must not change the results. */
export interface OperationObserver {
  /** The trace of what the operation causes, in place of the client's. */
  readonly traceparent?: string;
  /** Called once, when the operation is found and its document is valid. */
  onPlan?(plan: OperationPlan): void;
  /** Called once with the result of a query or mutation, or with the errors of an operation that was refused. */
  onResult?(result: ExecutionResult): void;
  /** Called once when a subscription is open. */
  onOpen?(): void;
  /** Called with each event that is delivered to this subscriber, and with what happened. */
  onEvent?(result: ExecutionResult, occurred: SubscriptionEvent): void;
  /** Called when versions of the job were skipped because the client reads too slowly. */
  onSkip?(): void;
  /** Called once when a subscription has ended; with the error that ended it, if one did. */
  onEnd?(error: Error | null, reason: SubscriptionEndEvent['reason']): void;
}
