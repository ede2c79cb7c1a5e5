import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { isRefused, type Operations } from '../../../operations/operations.ts';
import type { Operation } from '../../../operations/operation.ts';
import type { Exchange } from './exchange.ts';
import { type OwnerStreams, streamKey, tooManyStreams } from '../../owner-streams.ts';
import type { ServerResponse } from 'node:http';

/** Options of `useOperations`. */
export interface UseOperationsOptions {
  readonly operations: Operations;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: Exchange['req']) => string;
  readonly streams: OwnerStreams;
}

/** Runs Yoga's operations in the pipeline. */
export function useOperations({
  operations,
  baseUrlOf,
  streams,
}: UseOperationsOptions): Plugin<Exchange, Exchange> {
  return {
    async onParams({ params, context: exchange, setResult }) {
      const { caller, req } = exchange;
      // Yoga refuses a query that is not a string.
      if (typeof params.query !== 'string' || caller === undefined) return;
      exchange.prepared ??= await operations.prepare({ params, caller, baseUrl: baseUrlOf(req) });
      if (isRefused(exchange.prepared)) setResult({ errors: [...exchange.prepared.errors] });
    },
    onParse({ context, setParsedDocument }) {
      setParsedDocument(preparedOf(context).plan.document);
    },
    onValidate({ setResult }) {
      setResult([]);
    },
    onExecute({ args, setExecuteFn }) {
      const exchange: Exchange = args.contextValue;
      const operation = preparedOf(exchange);
      operation.context.answer.follow(exchange.res);
      setExecuteFn(() => exchange.result ?? operations.execute(operation));
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const exchange: Exchange = args.contextValue;
      const operation = preparedOf(exchange);
      const { res } = exchange;
      const close = streams.open(streamKey(operation.caller));
      if (close === null) return setResultAndStopExecution({ errors: [tooManyStreams()] });
      if (res.destroyed) close();
      else res.once('close', close);
      setSubscribeFn(() => operations.subscribe(operation));
    },
  };
}

function preparedOf({ prepared }: Exchange): Operation {
  if (prepared === undefined || isRefused(prepared)) throw new Error('The operation was not prepared.');
  return prepared;
}

const MESSAGE =
  'None of the media types in the Accept header is supported. Supported: application/json, application/graphql-response+json, and text/event-stream for a subscription.';

/** Answers clients that accept none of the media types, and ends subscriptions that have no reader. */
export function useAcceptable(): Plugin<object, { res?: ServerResponse }> {
  return {
    async onResultProcess(processing) {
      // The result of a client that has gone is dropped by Yoga; a subscription would stay open.
      const { res } = processing.serverContext;
      if (res?.destroyed === true && isAsyncIterable(processing.result)) await end(processing.result);
      if (processing.resultProcessor !== undefined) return;
      processing.setResultProcessor(async (result, { Response }) => {
        if (isAsyncIterable(result)) await end(result);
        const error = { message: MESSAGE, extensions: { code: 'NOT_ACCEPTABLE' } };
        return Response.json({ errors: [error] }, { status: 406 });
      }, 'application/json');
    },
  };
}

async function end(feed: AsyncIterable<unknown>): Promise<void> {
  await feed[Symbol.asyncIterator]().return?.();
}
