import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EventEmitter } from '../../events/gateway-events.ts';
import { POLICY_VIOLATION, rejectUpgrade, type WebSocketEndpoint } from '../websocket/endpoint.ts';
import { refusalOfInvalidHost } from './addresses/allowed-hosts.ts';
import { type CrossOrigin, emitRefusal } from './addresses/cross-origin.ts';
import { type PublicUrl, removePrefix } from './addresses/public-url.ts';
import { pathOf, removeTrailingSlash, toOriginForm } from './addresses/request-target.ts';
import { GRAPHQL_PATH } from './graphql/exchange.ts';
import { emitRefusedUpgrade } from './server-events.ts';

export interface UpgradeOptions {
  /** Null: this process serves no clients. */
  readonly webSockets: WebSocketEndpoint | null;
  readonly crossOrigin: CrossOrigin;
  readonly publicUrl: PublicUrl;
  /** True: the server stops. */
  readonly draining: boolean;
  readonly events: EventEmitter;
}

/** Answers a request for an upgrade: with a WebSocket, or with the status of an error. */
export function serveUpgrade(
  { webSockets, crossOrigin, publicUrl, draining, events }: UpgradeOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  // Until the WebSocket takes over, an error would be unhandled and end the process.
  socket.on('error', () => socket.destroy());
  const refuse = (status: number) => {
    answer(socket, status);
    emitRefusedUpgrade(events, request, status);
  };
  if (!toOriginForm(request)) return refuse(400);
  removePrefix(request, publicUrl.prefixOf(request));
  removeTrailingSlash(request);
  if (refusalOfInvalidHost(request) !== null) return refuse(400);
  if (pathOf(request) !== GRAPHQL_PATH || webSockets === null) return refuse(404);
  if (draining) return refuse(503);
  const refusal = crossOrigin.refusalOfHost(request) ?? crossOrigin.refusalOfPage(request, true);
  const isValid =
    refusal === null
      ? webSockets.upgrade(request, socket, head)
      : rejectUpgrade(request, socket, head, refusal.reason);
  if (!isValid) return emitRefusedUpgrade(events, request, 400);
  if (refusal === null) return;
  emitRefusal(events, request, refusal);
  events.emit('socket:close', { code: POLICY_VIOLATION, open: webSockets.size });
}

function answer(socket: Duplex, status: number): void {
  // A client that does not close its side would keep the server from closing.
  socket.once('finish', () => socket.destroy());
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close', 'Content-Length: 0'];
  socket.end(`${head.join('\r\n')}\r\n\r\n`);
}
