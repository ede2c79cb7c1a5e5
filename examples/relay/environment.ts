import { type Client, createClient } from 'graphql-ws';
import {
  Environment,
  type FetchFunction,
  Network,
  Observable,
  RecordSource,
  Store,
  type SubscribeFunction,
} from 'relay-runtime';
import { GatewayError, type GatewayFault, SocketClosedError } from './gateway-error.ts';

/** A Relay environment with an empty store: mutations by fetch, subscriptions over WebSocket. */
export function createRelayEnvironment(url: string): Environment {
  // No retries here: watchVideoJob subscribes again itself, with its newest version.
  const socket = createClient({ url: url.replace(/^http/, 'ws'), retryAttempts: 0 });
  return new Environment({
    network: Network.create(fetchFrom(url), subscribeOver(socket)),
    store: new Store(new RecordSource()),
  });
}

interface GatewayAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GatewayFault[];
}

function fetchFrom(url: string): FetchFunction {
  return async ({ text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    });
    const { data, errors }: GatewayAnswer = JSON.parse(await response.text());
    if (data == null || errors !== undefined) throw new GatewayError(errors ?? []);
    return { data };
  };
}

function subscribeOver(socket: Client): SubscribeFunction {
  return ({ text }, variables) =>
    Observable.create((sink) =>
      socket.subscribe(
        { query: text ?? '', variables },
        {
          next: ({ data, errors }) => {
            if (data == null || errors !== undefined) sink.error(new GatewayError(errors ?? []));
            else sink.next({ data });
          },
          error: (reason) => sink.error(toError(reason)),
          complete: () => sink.complete(),
        },
      ),
    );
}

/** graphql-ws gives a list of GraphQL errors, the event of a closed socket, or another error. */
function toError(reason: unknown): Error {
  if (isFaults(reason)) return new GatewayError(reason);
  if (reason instanceof CloseEvent) return new SocketClosedError(reason);
  return reason instanceof Error ? reason : new Error('The socket failed.');
}

function isFaults(reason: unknown): reason is GatewayFault[] {
  return Array.isArray(reason);
}
