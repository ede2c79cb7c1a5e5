import type { Plugin } from 'graphql-yoga';
import { isAsyncIterable } from 'graphql-yoga';

const MESSAGE =
  'There is no answer of a type that the Accept header takes: use application/json, or text/event-stream for a subscription.';

/** Answers clients that take no form of their result, and ends a subscription that would stay open for nobody. */
export function useAcceptable(): Plugin {
  return {
    onResultProcess(processing) {
      if (processing.resultProcessor !== undefined) return;
      processing.setResultProcessor(async (result, { Response }) => {
        if (isAsyncIterable(result)) await result[Symbol.asyncIterator]().return?.();
        const error = { message: MESSAGE, extensions: { code: 'NOT_ACCEPTABLE' } };
        return Response.json({ errors: [error] }, { status: 406 });
      }, 'application/json');
    },
  };
}
