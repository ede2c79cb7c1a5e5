import { expect, it } from 'vitest';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { emitJobChange } from '../../src/events/job-changes.ts';
import { collect } from '../support/events.ts';
import { acceptedJob } from '../support/jobs.ts';
import { NOON, SECOND } from '../support/times.ts';

it.each([
  [null, expect.closeTo(3, 5)],
  [4 * SECOND, expect.closeTo(2.6, 5)],
  [6 * SECOND, null],
])(
  'with a detection delay of %s ms, the duration of a job has its ratio to the expected one, if it is known',
  (detectionDelayMs, durationRatio) => {
    const events = new GatewayEvents();
    const ends = collect(events, 'job:ended');
    const forecast = { madeAt: NOON, progress: 0, from: NOON, mu: Math.log(10 * SECOND), sigma: 0.1 };
    const job = acceptedJob({ phase: 'completed', finishedAt: NOON + 30 * SECOND, forecast });
    emitJobChange(events, null, job, { polls: 2, detectionDelayMs });
    expect(ends).toMatchObject([{ durationRatio }]);
  },
);
