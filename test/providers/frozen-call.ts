/** Makes one call to an upstream and prints its outcome. The test freezes this process meanwhile. */
import { SegmindUpstream } from '../../src/providers/segmind/segmind-upstream.ts';
import { NO_EVENTS } from '../support/events.ts';
import { endWithParent } from '../support/process/child.ts';
import { patiently, REQUEST } from '../support/upstream/session.ts';

endWithParent();
const [, , origin = '', call = '', timeoutMs = ''] = process.argv;
const segmind = new SegmindUpstream({
  origin,
  apiKey: 'SG_1',
  now: Date.now,
  events: NO_EVENTS,
  historyUrl: null,
});
const options = patiently({ timeoutMs: Number(timeoutMs) });
process.stdout.write(`${process.pid}\n`);
const startedAt = performance.now();
const outcome =
  call === 'submit' ? await segmind.submit(REQUEST, options) : await segmind.result('job-1', options);
process.stdout.write(`${outcome.type} ${Math.round(performance.now() - startedAt)}\n`);
await segmind[Symbol.asyncDispose]();
process.exit();
