import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { codesOf, Deliveries, isRecord, shorten } from './deliveries.ts';
import { messageOf, post, readJson } from './http-exchange.ts';
import type { Connection, Endpoint, OperationRequest, Stream, Transport } from './transport.ts';

const ACCEPT = 'application/json;callbackSpec=1.0';

/** A subscription that is called back. */
interface Subscription {
  readonly verifier: string;
  readonly deliveries: Deliveries;
}

/**
 * Takes the part of a router that is called back:
 * https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/callback-protocol
 */
export class CallbackListener implements AsyncDisposable {
  readonly #url: string;
  readonly #server: Server;
  readonly #subscriptions = new Map<string, Subscription>();

  private constructor(url: string) {
    this.#url = url;
    this.#server = createServer((request, response) => {
      this.#receive(request).then(
        (status) => response.writeHead(status, { 'subscription-protocol': 'callback' }).end(),
        () => response.writeHead(400).end(),
      );
    });
  }

  /**
   * Listens on the port of a URL, on all addresses.
   *
   * @param url where the gateway reaches the listener: at or below one of its CALLBACK_ORIGINS
   * @throws Error of node:net when the port is taken
   */
  static async listen(url: string, host = '0.0.0.0'): Promise<CallbackListener> {
    const listener = new CallbackListener(url.replace(/\/$/, ''));
    listener.#server.listen(Number(new URL(url).port || 80), host);
    await once(listener.#server, 'listening');
    return listener;
  }

  readonly transport: Transport = {
    name: 'callback',
    kinds: ['subscription'],
    via: 'gateway',
    connect: (endpoint): Connection => {
      const ids: string[] = [];
      return {
        open: async (request) => {
          const id = randomUUID();
          ids.push(id);
          return this.#open(id, request, endpoint);
        },
        // A later message is answered with 404, which ends the subscription.
        [Symbol.asyncDispose]: async () => {
          for (const id of ids) this.#subscriptions.delete(id);
        },
      };
    },
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #open(id: string, request: OperationRequest, endpoint: Endpoint): Promise<Stream> {
    const subscription = { verifier: randomUUID(), deliveries: new Deliveries() };
    const { verifier, deliveries } = subscription;
    this.#subscriptions.set(id, subscription);
    const callbackUrl = `${this.#url}/${id}`;
    const extension = { callbackUrl, subscriptionId: id, verifier, heartbeatIntervalMs: 5000 };
    const extensions = { ...request.extensions, subscription: extension };
    try {
      const response = await post({ ...request, extensions }, endpoint, ACCEPT);
      const body: unknown = await response.clone().json();
      const isAccepted = response.ok && isRecord(body) && body['errors'] === undefined;
      if (!isAccepted) await readJson(response, deliveries);
    } catch (error) {
      deliveries.invalid(`The request failed: ${messageOf(error)}`);
    }
    return deliveries;
  }

  /** @returns the status of the answer to a message */
  async #receive(request: IncomingMessage): Promise<number> {
    const body: unknown = await json(request);
    const { id, verifier, action, payload, errors } = isRecord(body) ? body : {};
    const subscription = this.#subscriptions.get(String(id));
    if (subscription === undefined || subscription.verifier !== verifier) return 404;
    if (request.url?.endsWith(`/${String(id)}`) !== true) return 404;
    const { deliveries } = subscription;
    if (action === 'next') deliveries.receive(payload);
    else if (action === 'complete') completeBy(errors, deliveries);
    else if (action !== 'check') deliveries.invalid(`Unknown action: ${shorten(body)}`);
    return 204;
  }
}

function completeBy(errors: unknown, deliveries: Deliveries): void {
  const codes = codesOf(errors);
  if (codes.length === 0) deliveries.complete();
  else if (codes.includes('SERVICE_RESTART')) deliveries.reconnect(shorten(errors));
  else deliveries.fail(codes, shorten(errors));
}
