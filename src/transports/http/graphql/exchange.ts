import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Caller } from '../../../domain/caller.ts';
import type { EventStream } from '../../../operations/event-stream.ts';
import type { Prepared } from '../../../operations/operation.ts';
import type { EventFormat } from './events/event-format.ts';

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
  /** Set when the pipeline executes the operation, or opens the subscription. */
  isHandedOver?: true;
  result?: ExecutionResult;
  /** Of a subscription that is open. */
  stream?: EventStream;
  /** Set when the events of the stream are the answer. */
  format?: EventFormat;
}

/** The version that the client of an event stream has, from its header `Last-Event-ID`; null when it is not a version. */
export function lastEventIdOf({ headers }: IncomingMessage): number | null {
  const id = headers['last-event-id'];
  return typeof id === 'string' && /^\d{1,10}$/.test(id) ? Number(id) : null;
}
