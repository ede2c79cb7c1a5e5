import type { ReelgateError } from '../errors.ts';
import type { GraphQLErrorLike, Operation, OperationResult } from './connection.ts';

/** A result whose type only the subscriber knows. */
export type AnyResult = OperationResult<never>;

/** A subscription for a link. */
export interface Startable {
  readonly id: string;
  /** The operation that continues after the last result. */
  readonly operation: Operation;
}

/** One attempt to connect to the gateway, and the connection that it leads to. */
export interface Link {
  /** Starts a subscription. May be called before the link is ready. */
  start(subscription: Startable): void;
  /** Ends a subscription. */
  stop(id: string): void;
  /** Asks for a sign of life, because the network has changed. */
  ping?(): void;
  /** Closes the link without an event. */
  close(): void;
}

/** Receives what happens on a link. */
export interface LinkEvents {
  /** The gateway has accepted the token. May be called again. */
  ready(): void;
  /** The subscription is active. */
  opened(id: string): void;
  next(id: string, result: AnyResult): void;
  failed(id: string, errors: readonly GraphQLErrorLike[]): void;
  completed(id: string): void;
  /**
   * The link is over. Called once, and nothing else afterwards. The code is `UNREACHABLE` when it was lost or could not be opened,
   * `UNAUTHENTICATED` when the token is missing, not valid or expired, and another one when the gateway does not accept this client.
   */
  ended(reason: ReelgateError): void;
}
