import {
  type EventEmitter,
  GatewayEvents,
  type GatewayEventName,
  type GatewayListener,
} from '../../src/events/gateway-events.ts';

/** Events that nothing listens to. */
export const NO_EVENTS: EventEmitter = new GatewayEvents();

/** Events with one listener. */
export function listening<N extends GatewayEventName>(name: N, listener: GatewayListener<N>): GatewayEvents {
  const events = new GatewayEvents();
  events.on(name, listener);
  return events;
}

/** Throws at the first fault or unreadable record, in the part that emits it. */
export const NO_FAULTS: EventEmitter = {
  hears: () => true,
  emit: (name, event) => {
    if (name === 'fault' || name === 'store:unreadable')
      throw new Error(`Unexpected ${name}`, { cause: event });
  },
};
