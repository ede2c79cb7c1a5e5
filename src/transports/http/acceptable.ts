import type { ServerResponse } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import { isAsyncIterable } from 'graphql-yoga';

const MESSAGE =
  'There is no answer of a type that the Accept header takes: use application/json, or text/event-stream for a subscription.';

/** Answers clients that take no form of their result, and ends subscriptions that would stay open for nobody. */
export function useAcceptable(): Plugin<object, { res?: ServerResponse }> {
  return {
    async onResultProcess(processing) {
      // What is ready for a client that has gone is dropped as it is: a feed would last for ever.
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
