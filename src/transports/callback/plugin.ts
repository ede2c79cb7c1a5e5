import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { ExecutionResult } from 'graphql';
import { formatErrors } from '../../operations/result-errors.ts';
import type { CallbackSubscriptions } from './subscriptions.ts';
import type { CallbackTarget } from './target.ts';

/**
 * Lets a router subscribe without a connection that stays open: by POST, with `extensions.subscription`. Until there
 * is a feed, such a request is like any other.
 */
export function useCallbacks(callbacks: CallbackSubscriptions): Plugin {
  const targets = new WeakMap<Request, CallbackTarget>();
  return {
    onParams({ request, params }) {
      const extension: unknown = params.extensions?.['subscription'];
      if (request.method === 'POST' && extension != null) targets.set(request, callbacks.targetOf(extension));
    },
    onResultProcess(processing) {
      const { request, result } = processing;
      const target = targets.get(request);
      if (target === undefined || !isAsyncIterable(result)) return;
      processing.setResultProcessor(async (_, { Response }) => {
        const feed: AsyncIterable<ExecutionResult> = result;
        const refused = await callbacks.open(target, feed[Symbol.asyncIterator]());
        if (refused === null) {
          return Response.json({ data: null }, { headers: { 'subscription-protocol': 'callback' } });
        }
        return Response.json({ errors: formatErrors([refused]) }, { status: statusOf(refused) });
      }, 'application/json');
    },
  };
}

function statusOf({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }): number {
  const { http } = extensions;
  return typeof http === 'object' && http !== null && 'status' in http ? Number(http.status) : 500;
}
