/**
 * Loaded before Reelgate's own main file (`node --import`), which runs as it is: measures the process, and publishes
 * versions of jobs where the embedded store does once it has saved one.
 */
import { runningJob } from '../reelgate/jobs.ts';
import { EventBus } from '../../src/store/sqlite/event-bus.ts';
import { obey } from './control.ts';
import { eventCommands } from './event-source.ts';

let bus: EventBus | null = null;
// oxlint-disable-next-line typescript/unbound-method
const subscribe = EventBus.prototype.subscribe;
// The poller subscribes to work as it starts, which shows the bus that is in use.
EventBus.prototype.subscribe = function noteAndSubscribe(...given) {
  // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment
  bus = this;
  return subscribe.apply(this, given);
};

obey(
  eventCommands((job, version) => {
    if (bus === null) throw new Error('Reelgate has no event bus.');
    bus.publish(runningJob(job, version));
  }),
);
