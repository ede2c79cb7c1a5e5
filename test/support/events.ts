import {
  type EventEmitter,
  type GatewayEventMap,
  type GatewayEventName,
  GatewayEvents,
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

/** Collects the events of one name from now on. */
export function collect<N extends GatewayEventName>(events: GatewayEvents, name: N): GatewayEventMap[N][] {
  const collected: GatewayEventMap[N][] = [];
  events.on(name, (event) => collected.push(event));
  return collected;
}

/** Throws at the first fault or unreadable record, in the part that emits it. */
export const NO_FAULTS: EventEmitter = {
  hears: () => true,
  emit: (name, event) => {
    if (name === 'fault' || name === 'store:unreadable')
      throw new Error(`Unexpected ${name}`, { cause: event });
  },
};
