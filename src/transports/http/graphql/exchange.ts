import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Caller } from '../../../domain/caller.ts';
import type { Prepared } from '../../../operations/operation.ts';

/** Where GraphQL is served, over HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** One GraphQL request over HTTP with the results of the steps that were done so far. Each step is done once. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Rejects with a GraphQLError when the token is not valid. */
  authenticated?: Promise<Caller>;
  /** Set once the request is authenticated. */
  caller?: Caller;
  /** Of a POST of JSON. */
  body?: Promise<object>;
  prepared?: Prepared;
  result?: ExecutionResult;
}
