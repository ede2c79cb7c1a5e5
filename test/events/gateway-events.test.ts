import { expect, test } from 'vitest';
import { type FaultEvent, GatewayEvents } from '../../src/events/gateway-events.ts';
import { acceptedJob } from '../support/jobs.ts';

const lost = { job: acceptedJob(), reason: 'missing' } as const;

test('listeners are called in their order, and only with their event', () => {
  const events = new GatewayEvents();
  const seen: string[] = [];
  events.on('job:lost', ({ job }) => seen.push(`first ${job.phase}`));
  events.on('circuit', () => seen.push('circuit'));
  events.on('job:lost', ({ reason }) => seen.push(`second ${reason}`));
  events.emit('job:lost', lost);
  expect(seen).toEqual(['first accepted', 'second missing']);
  expect([events.hears('job:lost'), events.hears('circuit'), events.hears('claim')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a listener that throws stops neither the emitter nor other listeners, and is reported once', () => {
  const events = new GatewayEvents();
  const faults: FaultEvent[] = [];
  let calls = 0;
  events.on('job:lost', () => {
    throw new Error('broken metric');
  });
  events.on('job:lost', () => (calls += 1));
  events.on('fault', (fault) => faults.push(fault));
  for (let times = 1; times <= 3; times += 1) events.emit('job:lost', lost);
  expect(calls).toBe(3);
  expect(faults).toMatchObject([
    {
      part: 'telemetry',
      level: 'error',
      details: { err: new Error('broken metric'), event: 'job:lost' },
    },
  ]);
});

test('a listener of faults that throws is reported to the others once', () => {
  const events = new GatewayEvents();
  const faults: FaultEvent[] = [];
  events.on('fault', () => {
    throw new Error('broken log');
  });
  events.on('fault', (fault) => faults.push(fault));
  for (const message of ['one', 'two']) {
    events.emit('fault', { part: 'store', level: 'warn', message, details: {} });
  }
  expect(faults.map(({ part, message }) => [part, message])).toEqual([
    ['telemetry', 'a listener of telemetry failed; its later failures are not reported'],
    ['store', 'one'],
    ['store', 'two'],
  ]);
});
