import type { EventEmitter, FaultEvent, GatewayPart } from './gateway-events.ts';

/**
 * Emits a fault; see `FaultEvent`.
 *
 * @param details with the cause as `err`
 */
export function emitFault(
  events: EventEmitter,
  part: GatewayPart,
  level: FaultEvent['level'],
  message: string,
  details: FaultEvent['details'] = {},
): void {
  events.emit('fault', { part, level, message, details });
}
