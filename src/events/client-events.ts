/** What happens with clients: requests, operations, subscriptions and sockets. See `gateway-events.ts`. */
import type { Job } from '../domain/job/job.ts';

/** How an operation reached the gateway. Bounded. */
export type OperationTransport = 'http' | 'event-stream' | 'websocket' | 'callback';

/** An operation of a client that has ended; for a subscription, its opening. */
export interface OperationEvent {
  /** Null: the document could not be read or has no such operation. */
  readonly kind: 'query' | 'mutation' | 'subscription' | null;
  /** The names of the root fields, sorted, as in the schema; at most 10. Bounded: a client's aliases and operation names are not in it. */
  readonly fields: readonly string[];
  readonly transport: OperationTransport;
  /** `refused`: it was not executed. `error`: the result has an error. Bounded. */
  readonly outcome: 'ok' | 'error' | 'refused';
  /** `extensions.code` of the first error; null without errors. Bounded: the codes are in `docs/errors.md`. */
  readonly errorCode: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** A subscription that was opened, or that has ended. */
export interface SubscriptionEvent {
  /** The name of its root field. Bounded. */
  readonly field: string;
  readonly transport: OperationTransport;
}

/** A subscription that has ended. */
export interface SubscriptionEndEvent extends SubscriptionEvent {
  /** Events that were delivered to this subscriber. */
  readonly events: number;
  readonly durationMs: number;
  /** `completed`: the source ended. `client`: the client left, or its connection was closed. Bounded. */
  readonly reason: 'completed' | 'client' | 'error';
}

/** An event was handed to a subscriber's transport. */
export interface SubscriberMessageEvent extends SubscriptionEvent {
  /** The job that the event is about; null when it is about none. */
  readonly job: Job | null;
  readonly at: number;
}

/** A WebSocket was accepted, has closed, or was refused for its Host or Origin, which is only closed, with 1008. */
export interface SocketEvent {
  /** The close code; null while it is open. Bounded: codes outside of the documented ones are reported as 1006. */
  readonly code: number | null;
  /** Open sockets of this process after the event. */
  readonly open: number;
}

/** A client reads more slowly than the gateway sends. */
export interface SlowClientEvent {
  readonly transport: OperationTransport;
  /** `skipped`: it missed versions between the first and the last. `closed`: its subscription or its connection was ended. Bounded. */
  readonly consequence: 'skipped' | 'closed';
}

/** An HTTP request was answered, or its connection ended. */
export interface RequestEvent {
  readonly method: string;
  /** The route, not the path: `/graphql`, `/media` for videos, `/sandbox` for files of the sandbox, `/healthz` and so on; `other`. Bounded. */
  readonly route: string;
  /** Null: the connection ended before the answer. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Of the answer, with its head. */
  readonly bytes: number;
}
