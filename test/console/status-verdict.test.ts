import { expect, test } from 'vitest';
import type { GatewayStatus } from '../../console/src/status/use-status.ts';
import { relative, upcoming, verdictOf } from '../../console/src/status/verdict.ts';

const AT = '2026-11-03T12:00:00.000Z';
const ago = (seconds: number) => new Date(Date.parse(AT) - 1000 * seconds).toISOString();

const INSTANCE = { id: 'one', role: 'ALL', version: '1.0.0', hostName: 'host', startedAt: AT } as const;
const CALM: GatewayStatus = {
  at: AT,
  backlog: {
    unfinishedJobs: 3,
    phases: [],
    owners: [],
    dueJobs: 0,
    oldestDueAt: null,
    dueFileTasks: 0,
    waitingDeliveries: 0,
    quarantinedRecords: 0,
  },
  budget: {
    callsPerMinute: 50,
    remainingCalls: 5,
    share: 1,
    pausedUntil: null,
    isCircuitOpen: false,
    nextProbeAt: null,
    failuresInARow: 0,
  },
  instances: [INSTANCE],
  oldestJobs: [],
  quarantinedRecords: [],
  failingDeliveries: [],
};
const budget = (change: Partial<GatewayStatus['budget']>) => ({ budget: { ...CALM.budget, ...change } });
const backlog = (change: Partial<GatewayStatus['backlog']>) => ({ backlog: { ...CALM.backlog, ...change } });
const late = backlog({ dueJobs: 1, oldestDueAt: ago(60) });

test.each([
  ['No job waits.', 'good', backlog({ unfinishedJobs: 0 })],
  ['Jobs move.', 'good', {}],
  [
    'The upstream does not answer.',
    'bad',
    { ...late, ...budget({ isCircuitOpen: true, failuresInARow: 12 }) },
  ],
  ['No instance moves jobs.', 'bad', { ...late, instances: [{ ...INSTANCE, role: 'API' }] }],
  ['The upstream did not answer the last calls.', 'wait', budget({ failuresInARow: 3 })],
  ['The upstream answered 429.', 'wait', budget({ pausedUntil: ago(-9), remainingCalls: 0 })],
  ['The calls of the minute are used up.', 'wait', { ...late, ...budget({ remainingCalls: 0 }) }],
  ['Jobs are late', 'wait', late],
  ['Some records cannot be read', 'wait', { quarantinedRecords: [{ id: 'vj_1', error: 'No.' }] }],
] satisfies [string, string, Partial<GatewayStatus>][])('the state is “%s”', (text, level, change) => {
  const verdict = verdictOf({ ...CALM, ...change });
  expect(verdict.text).toContain(text);
  expect(verdict.level).toBe(level);
});

test('a used budget is no trouble while no job waits for a call', () => {
  expect(verdictOf({ ...CALM, ...budget({ remainingCalls: 0 }) }).level).toBe('good');
});

test('a state that lasts keeps its text, because screen readers announce each change', () => {
  const later = backlog({ dueJobs: 1, oldestDueAt: ago(65) });
  expect(verdictOf({ ...CALM, ...later })).toEqual(verdictOf({ ...CALM, ...late }));
  const [few, more] = [3, 4].map((failuresInARow) => verdictOf({ ...CALM, ...budget({ failuresInARow }) }));
  expect(more).toEqual(few);
});

test('times are relative to the gateway’s clock', () => {
  const now = Date.parse(AT);
  expect(relative(ago(-40), now)).toBe('in 40 s');
  expect(relative(ago(125), now)).toBe('2 min 05 s ago');
  expect(upcoming(ago(-40), now)).toBe('in 40 s');
  expect(upcoming(ago(-0.2), now)).toBe('due');
  expect(upcoming(ago(3), now)).toBe('due');
});
