import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeSocket } from './socket-writer.ts';

/**
 * WebSocket close code for "policy violation". Clients with graphql-ws stop; after 4403, and after an upgrade that
 * is refused by HTTP, they retry as often as they are configured to.
 */
const POLICY_VIOLATION = 1008;
/** Milliseconds for the client to answer the close frame. */
const CLOSE_TIMEOUT_MS = 1000;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: 1024,
  perMessageDeflate: false,
  // Without one of its protocols a browser reports a failure and hides the reason.
  handleProtocols: ([first]) => first ?? false,
});

/** Completes an upgrade only to close the WebSocket with a reason: browsers hide HTTP answers to upgrades from pages. */
export function rejectUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, reason: string): void {
  server.handleUpgrade(request, socket, head, (client) => {
    client.on('error', () => client.terminate());
    const timer = setTimeout(() => client.terminate(), CLOSE_TIMEOUT_MS);
    client.once('close', () => clearTimeout(timer));
    closeSocket(client, POLICY_VIOLATION, reason);
  });
}
