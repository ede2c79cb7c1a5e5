import type { GatewayEvents } from '../../events/gateway-events.ts';
import type { LeveledLog } from '../../process/leveled-log.ts';

/** Writes one line for each request of a client: an HTTP request, or an operation on a WebSocket. */
export function logRequests(events: Pick<GatewayEvents, 'on'>, log: Pick<LeveledLog, 'debug'>): void {
  const part = 'server';
  events.on('request', (request) => log.debug({ part, ...request }, 'request'));
  events.on('operation', ({ kind, fields, transport, outcome, errorCode, durationMs }) => {
    if (transport !== 'websocket') return;
    log.debug({ part, kind, fields, transport, outcome, errorCode, durationMs }, 'operation');
  });
}
