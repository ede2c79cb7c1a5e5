import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LOCAL_MEDIA_PATH, LocalMedia } from '../../domain/local-media.ts';
import { isBelowVideoPath, VIDEO_PATH } from '../../domain/video-url.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import { isEventStream } from './graphql/events/event-format.ts';
import { GRAPHQL_PATH } from './graphql/exchange.ts';
import { METRICS_PATH } from './metrics/metrics-endpoint.ts';
import { isHealthPath } from './pages/health.ts';

/** Bytes of each connection that were emitted with its earlier requests: requests may be sent together. */
const emittedBytes = new WeakMap<Socket, number>();

/** Emits the request once it is answered, or its connection has ended. */
export function emitRequest(events: EventEmitter, request: IncomingMessage, response: ServerResponse): void {
  const startedAt = performance.now();
  const { socket, method = '' } = request;
  response.once('close', () => {
    const { bytesWritten } = socket;
    const bytes = bytesWritten - (emittedBytes.get(socket) ?? 0);
    emittedBytes.set(socket, bytesWritten);
    events.emit('request', {
      method,
      // The server has removed the prefix of PUBLIC_URL meanwhile.
      route: routeOf(request.url ?? ''),
      status: response.headersSent ? response.statusCode : null,
      durationMs: performance.now() - startedAt,
      bytes,
    });
  });
}

/** Emits a request for an upgrade that was answered without one. */
export function emitRefusedUpgrade(events: EventEmitter, request: IncomingMessage, status: number): void {
  const { method = '', url = '' } = request;
  events.emit('request', { method, route: routeOf(url), status, durationMs: 0, bytes: 0 });
}

/**
 * Emits that a client is about to be disconnected because it does not read.
 *
 * @param answers the answers in progress
 */
export function emitSlowClient(
  events: EventEmitter,
  socket: Socket,
  answers: ReadonlySet<ServerResponse>,
): void {
  const answer = answers.values().find(({ req }) => req.socket === socket);
  const transport = answer === undefined ? 'websocket' : isStream(answer) ? 'event-stream' : 'http';
  events.emit('client:slow', { transport, consequence: 'closed' });
}

/** Whether an answer is a stream of events. */
export function isStream(answer: ServerResponse): boolean {
  return isEventStream(String(answer.getHeader('content-type')));
}

/** The bounded name of a path. */
function routeOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  if (path === GRAPHQL_PATH || path.startsWith(`${GRAPHQL_PATH}/`)) return GRAPHQL_PATH;
  if (isHealthPath(path) || path === METRICS_PATH) return path;
  if (LocalMedia.upstreamPath(path) !== null) return LOCAL_MEDIA_PATH;
  if (isBelowVideoPath(path)) return VIDEO_PATH;
  if (path.startsWith('/.well-known/')) return '/.well-known';
  return path === '/' || path.startsWith('/assets/') ? '/' : 'other';
}
