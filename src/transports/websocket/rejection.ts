import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeSocket } from './socket-writer.ts';

/**
 * WebSocket close code for "policy violation". Clients of graphql-ws take it for final and stop; after 4403, and after an
 * upgrade that is refused by HTTP, they try again for as long as they are told to.
 */
const POLICY_VIOLATION = 1008;
/** Milliseconds for the client to answer the close frame. */
const CLOSE_TIMEOUT_MS = 1000;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: 1024,
  perMessageDeflate: false,
  // A browser takes none of its protocols for a failure, and would not tell the reason.
  handleProtocols: ([first]) => first ?? false,
});

/** Completes an upgrade only to close the WebSocket with a reason: of an HTTP answer a browser tells pages nothing. */
export function rejectUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, reason: string): void {
  server.handleUpgrade(request, socket, head, (client) => {
    client.on('error', () => client.terminate());
    const timer = setTimeout(() => client.terminate(), CLOSE_TIMEOUT_MS);
    client.once('close', () => clearTimeout(timer));
    closeSocket(client, POLICY_VIOLATION, reason);
  });
}
