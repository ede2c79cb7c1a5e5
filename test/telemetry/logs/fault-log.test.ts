import { expect, test } from 'vitest';
import { FaultLog } from '../../../src/telemetry/logs/fault-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function open() {
  const lines: object[] = [];
  const clock = new FakeClock();
  const note = (level: string) => (details: object, message: string) =>
    lines.push({ level, message, ...details });
  const log = { debug: () => {}, info: note('info'), warn: note('warn'), error: note('error') };
  return { lines, clock, faults: new FaultLog(log, clock) };
}

test('the first fault is logged at once, then a count every ten seconds while it repeats', async () => {
  const { lines, clock, faults } = open();
  for (let query = 1; query <= 1000; query += 1) faults.error({ query }, 'Redis is away');
  expect(lines).toEqual([{ level: 'error', message: 'Redis is away', query: 1 }]);
  await clock.advance(10_000);
  expect(lines.slice(1)).toEqual([{ level: 'error', message: 'Redis is away', query: 1000, repeated: 999 }]);
  faults.error({ query: 1001 }, 'Redis is away');
  await clock.advance(10_000);
  expect(lines.at(-1)).toMatchObject({ query: 1001, repeated: 1 });
  await clock.advance(10_000);
  expect(clock.sleeping).toBe(0);
  faults.error({ query: 1002 }, 'Redis is away');
  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toEqual({ level: 'error', message: 'Redis is away', query: 1002 });
});

test('faults with other levels, messages or errors do not hide each other', () => {
  const { lines, faults } = open();
  faults.warn({ err: new Error('connection refused') }, 'GraphQL');
  faults.warn({ err: new Error('out of memory') }, 'GraphQL');
  faults.error({ err: new Error('out of memory') }, 'GraphQL');
  faults.warn({ err: new Error('out of memory') }, 'another');
  expect(lines).toHaveLength(4);
});

test('the number of messages that are counted separately is bounded', () => {
  const { lines, clock, faults } = open();
  for (let index = 0; index < 10_000; index += 1) faults.warn({}, `message ${index}`);
  expect(lines).toHaveLength(101);
  expect(clock.sleeping).toBe(101);
});

test('of messages that are not counted separately, the last one is logged with its own details', async () => {
  const { lines, clock, faults } = open();
  for (let index = 0; index < 103; index += 1) faults.warn({ index }, `message ${index}`);
  await clock.advance(10_000);
  expect(lines.at(-1)).toEqual({ level: 'warn', message: 'message 102', index: 102, repeated: 2 });
});

test('disposing logs the counts', async () => {
  const { lines, clock, faults } = open();
  for (let query = 1; query <= 3; query += 1) faults.warn({ query }, 'away');
  faults[Symbol.dispose]();
  await clock.advance(0);
  expect(lines.at(-1)).toMatchObject({ query: 3, repeated: 2 });
  expect(clock.sleeping).toBe(0);
});
