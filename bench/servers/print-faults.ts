import process from 'node:process';
import { GatewayEvents } from '../../src/events/gateway-events.ts';

/** Events of a part that is measured: only faults have a listener, which prints them. */
export function printFaults(): GatewayEvents {
  const events = new GatewayEvents();
  events.on('fault', ({ message, details }) => print(`${message} ${JSON.stringify(details)}`));
  events.on('store:unreadable', ({ error }) => print(String(error)));
  return events;
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
