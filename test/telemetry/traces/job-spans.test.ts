import { expect, test } from 'vitest';
import { GatewayEvents } from '../../../src/events/gateway-events.ts';
import { Tracing } from '../../../src/telemetry/traces/tracing.ts';
import { PollerHarness } from '../../poller/poller-harness.ts';
import { collect } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { OtlpReceiver } from '../../support/otlp-receiver.ts';
import { SECOND } from '../../support/times.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${SPAN}-01`;
const PARENT = { traceId: TRACE, parentSpanId: SPAN, links: [{ traceId: TRACE, spanId: SPAN }] };

function trace(receiver: OtlpReceiver, events: GatewayEvents, maxQueueSize = 2048): Tracing {
  const settings = {
    url: `${receiver.url}/v1/traces`,
    protocol: 'http/json',
    sampler: 'parentbased_always_on',
    ratio: 1,
    scheduleDelayMs: 60_000,
    exportTimeoutMs: 30_000,
    maxQueueSize,
    maxBatchSize: maxQueueSize,
  } as const;
  return new Tracing({ settings, events, clock: new FakeClock(), model: 'wan' });
}

test('a step has its times and its failure; a job without a trace gets no span', async () => {
  await using receiver = await OtlpReceiver.start();
  await using harness = new PollerHarness({
    script: { submit: () => ({ type: 'refused', code: 'REJECTED', message: 'no cats' }) },
  });
  {
    await using _ = trace(receiver, harness.events);
    const ends = collect(harness.events, 'step:end');
    await harness.poller.start();
    await harness.accept(1, { traceparent });
    await harness.accept(1);
    await harness.clock.advance(SECOND);
    expect(ends).toHaveLength(2);
  }
  expect(receiver.spans).toMatchObject([
    {
      ...PARENT,
      name: 'submit video job',
      kind: 5,
      status: { code: 2 },
      attributes: {
        'reelgate.step.outcome': 'saved',
        'reelgate.job.next_phase': 'failed',
        'error.type': 'REJECTED',
        'messaging.destination.name': 'video-jobs',
        'messaging.operation.type': 'process',
      },
    },
  ]);
  expect(JSON.stringify(receiver.spans)).not.toContain('no cats');
});

test('a failed call, a webhook and a video that cannot be had show their errors, and no texts', async () => {
  await using receiver = await OtlpReceiver.start();
  const events = new GatewayEvents();
  const job = acceptedJob({ traceparent });
  const times = { startedAt: 1_700_000_000_000, durationMs: 1500 };
  {
    await using _ = trace(receiver, events);
    const call = { call: 'status', job, upstreamId: 'up-1', reason: 'free text', ...times } as const;
    events.emit('upstream:call', { ...call, outcome: 'rate-limited', status: 429 });
    events.emit('upstream:call', { ...call, outcome: 'unreachable', status: null });
    events.emit('upstream:call', { ...call, outcome: 'answered', status: 200, job: null });
    const delivery = {
      deliveryId: 'd',
      jobId: job.id,
      host: 'example.com:8443',
      traceparent,
      ...times,
    } as const;
    events.emit('delivery', { ...delivery, outcome: 'retry', attempt: 2, status: 503, reason: 'free text' });
    const archive = { jobId: job.id, isNews: true, bytes: null, reason: 'free text', ...times } as const;
    events.emit('archive', { ...archive, outcome: 'lost', traceparent });
    events.emit('archive', { ...archive, outcome: 'lost', traceparent: null });
  }
  const { links: _, ...parent } = PARENT;
  expect(receiver.spans).toMatchObject([
    { ...parent, name: 'status wan', attributes: { 'error.type': '429', 'gen_ai.response.id': 'up-1' } },
    { ...parent, name: 'status wan', attributes: { 'error.type': 'unreachable' } },
    {
      ...PARENT,
      name: 'POST webhook',
      kind: 3,
      attributes: {
        'error.type': '503',
        'server.address': 'example.com',
        'server.port': 8443,
        'http.request.resend_count': 1,
      },
    },
    { ...PARENT, name: 'store video file', attributes: { 'error.type': 'lost' } },
  ]);
  for (const span of receiver.spans) {
    expect(span).toMatchObject({
      status: { code: 2 },
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000001500000000',
    });
  }
  expect(JSON.stringify(receiver.spans)).not.toContain('free text');
});

/** A span of a video that was stored. */
function emitArchive(events: GatewayEvents): void {
  const times = { startedAt: 1000, durationMs: 1 };
  events.emit('archive', {
    jobId: 'j',
    outcome: 'stored',
    isNews: false,
    bytes: 1,
    reason: null,
    traceparent,
    ...times,
  });
}

test('spans that do not fit into the queue are dropped, which is reported', async () => {
  await using receiver = await OtlpReceiver.start();
  const events = new GatewayEvents();
  const faults = collect(events, 'fault');
  {
    await using _ = trace(receiver, events, 2);
    // The first two are being sent while two wait, so the other six have no place.
    for (let count = 0; count < 10; count += 1) emitArchive(events);
    await expect.poll(() => receiver.requests.length).toBe(2);
    emitArchive(events);
  }
  expect(receiver.spans).toHaveLength(5);
  const details = { warning: expect.stringMatching(/^Dropped 6 spans/) };
  expect(faults).toMatchObject([{ part: 'telemetry', level: 'warn', details }]);
});

test.each([
  [400, '400: Bad Request'],
  [429, 'Export failed with retryable status'],
])('a batch that is refused with %i is reported, also the last one', async (status, reason) => {
  await using receiver = await OtlpReceiver.start();
  receiver.status = status;
  const events = new GatewayEvents();
  const faults = collect(events, 'fault');
  {
    await using _ = trace(receiver, events);
    emitArchive(events);
  }
  const message = 'spans could not be sent by OTLP and are lost';
  expect(faults).toMatchObject([
    {
      part: 'telemetry',
      level: 'warn',
      message,
      details: { endpoint: receiver.url, reason },
    },
  ]);
});

test('a stop does not wait for a collector that does not answer', async () => {
  await using receiver = await OtlpReceiver.start();
  receiver.status = null;
  const events = new GatewayEvents();
  const faults = collect(events, 'fault');
  {
    await using _ = trace(receiver, events);
    emitArchive(events);
  }
  // The batch has neither arrived nor failed.
  expect(receiver.requests).toHaveLength(1);
  expect(faults).toEqual([]);
});

test('spans that the receiver refuses in an accepted batch are reported, with its reason cut short', async () => {
  await using receiver = await OtlpReceiver.start();
  receiver.answer = JSON.stringify({
    partialSuccess: { rejectedSpans: '1', errorMessage: `over quota ${'!'.repeat(1000)}` },
  });
  const events = new GatewayEvents();
  const faults = collect(events, 'fault');
  {
    await using _ = trace(receiver, events);
    emitArchive(events);
  }
  expect(faults).toMatchObject([{ part: 'telemetry', message: 'a warning of OpenTelemetry' }]);
  const warning = String(faults[0]?.details['warning']);
  expect(warning).toContain('"rejectedSpans":"1","errorMessage":"over quota');
  expect(warning.length).toBeLessThanOrEqual(200);
});
