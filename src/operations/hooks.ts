import type { ExecutionResult } from 'graphql';
import type { OperationRequest } from './operation.ts';

/** Sees every operation of every transport, once each, before anything of it is checked. */
export interface OperationHook {
  /** @returns what observes this operation; undefined: nothing does */
  onOperation(request: OperationRequest): OperationObserver | undefined;
}

/** Follows one operation. Its functions must not throw and must not change the results. */
export interface OperationObserver {
  /** Called once with the result of a query or mutation, or with the errors of an operation that was refused. */
  onResult?(result: ExecutionResult): void;
  /** Called with each event that is delivered to this subscriber. */
  onEvent?(result: ExecutionResult): void;
  /** Called once when a subscription has ended; with the error that ended it, if one did. */
  onEnd?(error: Error | null): void;
}
