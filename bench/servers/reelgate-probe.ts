import { EventBus } from '../../src/store/sqlite/event-bus.ts';
/**
 * Loaded before Reelgate's unchanged main file (`node --import`): measures the process, and publishes versions of jobs on the event
 * bus of the embedded store, as a save does.
 */
import { runningJob } from '../reelgate/jobs.ts';
import { obey } from './control.ts';
import { eventCommands } from './event-source.ts';

let bus: EventBus | null = null;
// oxlint-disable-next-line typescript/unbound-method
const subscribe = EventBus.prototype.subscribe;
// The poller subscribes at its start, which reveals the event bus of the process.
EventBus.prototype.subscribe = function noteAndSubscribe(...given) {
  // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment
  bus = this;
  return subscribe.apply(this, given);
};

obey(
  eventCommands((job, version) => {
    if (bus === null) throw new Error('Nothing has subscribed to the event bus yet.');
    bus.publish(runningJob(job, version));
  }),
);
