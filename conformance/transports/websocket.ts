import { createClient } from 'graphql-ws';
import { codesOf, Deliveries, isRecord, shorten } from './deliveries.ts';
import { messageOf } from './http-exchange.ts';
import type { Endpoint, OperationRequest, Stream, Transport } from './transport.ts';

/** WebSocket with the subprotocol graphql-transport-ws, by the client library graphql-ws. */
export const WEBSOCKET: Transport = {
  name: 'websocket',
  kinds: ['query', 'mutation', 'subscription'],
  via: 'gateway',
  connect: (endpoint) => {
    const client = createClient({
      url: endpoint.url.replace(/^http/, 'ws'),
      retryAttempts: 0,
      ...paramsOf(endpoint),
    });
    const start = (request: OperationRequest): Deliveries => {
      const deliveries = new Deliveries();
      client.subscribe(
        { ...request },
        {
          next: (result) => deliveries.receive(result),
          error: (error) => receiveError(error, deliveries),
          complete: () => deliveries.complete(),
        },
      );
      return deliveries;
    };
    return {
      open: async (request): Promise<Stream> => {
        const deliveries = start(request);
        // The protocol does not say when a subscription is active. The gateway answers a later query of the socket after that.
        await start({ query: '{ __typename }', variables: {} }).next();
        return deliveries;
      },
      [Symbol.asyncDispose]: async () => client.terminate(),
    };
  },
};

function paramsOf({ token }: Endpoint): { connectionParams?: { authorization: string } } {
  return token === null ? {} : { connectionParams: { authorization: `Bearer ${token}` } };
}

/** What a close code means to a client; `reconnect` or the code of an error. */
const CLOSE_CODES: Readonly<Record<number, string>> = {
  1009: 'REQUEST_ENTITY_TOO_LARGE',
  1012: 'reconnect',
  4401: 'UNAUTHENTICATED',
  4403: 'UNAUTHENTICATED',
};

/** The client gives the errors of an `error` message, the event of a closed socket, or an error of its own. */
function receiveError(error: unknown, deliveries: Deliveries): void {
  if (Array.isArray(error)) return deliveries.fail(codesOf(error), shorten(error));
  const { code, reason, message } = isRecord(error) ? error : {};
  if (typeof code !== 'number') {
    return deliveries.invalid(
      `The socket failed: ${typeof message === 'string' ? message : messageOf(error)}`,
    );
  }
  const detail = `The socket was closed with ${code} ${String(reason)}`;
  const meaning = CLOSE_CODES[code];
  if (meaning === undefined) deliveries.invalid(detail);
  else if (meaning === 'reconnect') deliveries.reconnect(detail);
  else deliveries.fail([meaning], detail);
}
