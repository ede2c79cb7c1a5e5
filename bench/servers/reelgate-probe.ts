/**
 * Loaded before Reelgate's own main file (`node --import`), which runs as it is: measures the process, and announces
 * versions of jobs where the embedded store does once it has saved one.
 */
import { runningJob } from '../reelgate/jobs.ts';
import { Announcer } from '../../src/store/announcer.ts';
import { obey } from './control.ts';
import { eventCommands } from './event-source.ts';

let announcer: Announcer | null = null;
// oxlint-disable-next-line typescript/unbound-method
const listen = Announcer.prototype.listen;
// The poller listens for work as it starts, which tells which one it is.
Announcer.prototype.listen = function noteAndListen(...given) {
  // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment
  announcer = this;
  return listen.apply(this, given);
};

obey(
  eventCommands((job, version) => {
    if (announcer === null) throw new Error('Reelgate has no announcer.');
    announcer.announce(runningJob(job, version));
  }),
);
