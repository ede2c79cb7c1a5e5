import { describe, expect, it } from 'vitest';
import {
  callAnswered,
  callFailed,
  callRateLimited,
  type CallBudgetState,
  type CallGrant,
  releaseCalls,
  isCircuitOpen,
  newCallBudget,
  reserveCalls,
} from '../../../src/domain/polling/call-budget-rules.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';

describe('the circuit breaker', () => {
  it('grants all calls while some calls are answered', () => {
    let state = newCallBudget(0, NOON);
    for (let round = 0; round < 20; round += 1) state = callAnswered(failed(9, state), NOON);
    expect(isCircuitOpen(state)).toBe(false);
    expect(reserve(state, 256, NOON).grant).toEqual(granting(256));
  });

  it('opens after ten failures in a row, and grants one probe every three seconds', () => {
    expect(isCircuitOpen(failed(9))).toBe(false);
    const open = failed(10);
    expect(isCircuitOpen(open)).toBe(true);
    const held = { granted: 0, limitedBy: 'circuit', probing: false };
    expect(reserve(open, 256, NOON).grant).toEqual({ ...held, waitMs: 3 * SECOND });
    expect(reserve(open, 256, NOON + 3 * SECOND - 1).grant).toEqual({ ...held, waitMs: 1 });
    const probed = reserve(open, 256, NOON + 3 * SECOND);
    expect(probed.grant).toEqual({ granted: 1, waitMs: 0, limitedBy: 'circuit', probing: true });
    expect(reserve(probed.state, 256, NOON + 4 * SECOND).grant).toEqual({ ...held, waitMs: 2 * SECOND });
    expect(reserve(probed.state, 1, NOON + 6 * SECOND).grant).toEqual({ ...granting(1), probing: true });
  });

  it('stays open when the probe fails, and closes when a call is answered', () => {
    const probed = reserve(failed(10), 1, NOON + 3 * SECOND).state;
    const still = callFailed(probed, NOON + 4 * SECOND);
    expect(reserve(still, 1, NOON + 5 * SECOND).grant.granted).toBe(0);
    expect(reserve(still, 1, NOON + 6 * SECOND).grant.granted).toBe(1);
    const closed = callAnswered(still, NOON + 5 * SECOND);
    expect(isCircuitOpen(closed)).toBe(false);
    expect(reserve(closed, 256, NOON + 5 * SECOND).grant).toEqual(granting(256));
    expect(isCircuitOpen(failed(9, closed))).toBe(false);
  });

  it('stays open no longer because of failures of earlier calls', () => {
    expect(reserve(failed(30), 1, NOON + 3 * SECOND).grant.granted).toBe(1);
  });

  it('keeps the same state after an answer while it is closed', () => {
    const state = newCallBudget(50, NOON);
    expect(callAnswered(state, NOON)).toBe(state);
  });

  it('grants no unrequested probe, and grants a released probe again', () => {
    const open = failed(10);
    const now = NOON + 3 * SECOND;
    expect(reserve(open, 0, now).grant).toEqual(granting(0));
    expect(reserve(reserve(open, 0, now).state, 1, now).grant.granted).toBe(1);
    const given = releaseCalls(reserve(open, 1, now).state, 0, 1, now);
    expect(reserve(given, 1, now).grant).toEqual({ ...granting(1), probing: true });
  });

  it('limits probes by the rate', () => {
    const limited = reserveCalls(newCallBudget(5, NOON), 5, 1, NOON).state;
    const now = NOON + 3 * SECOND;
    expect(reserve(failed(10, limited), 1, now, 5).grant).toMatchObject({
      granted: 0,
      limitedBy: 'rate-limit',
    });
  });

  it('closes after a 429, which shows that the API is up', () => {
    const refused = callRateLimited(failed(10), 0, NOON, 0, MINUTE);
    expect(isCircuitOpen(refused)).toBe(false);
    expect(reserve(refused, 9, NOON + MINUTE).grant).toMatchObject({ granted: 1, probing: false });
  });

  it('probes after three seconds even when the clock was set back by an hour', () => {
    const then = NOON - 60 * MINUTE;
    const { state, grant } = reserve(failed(10), 1, then);
    expect(grant).toMatchObject({ granted: 0, waitMs: 3 * SECOND });
    expect(reserve(state, 1, then + 3 * SECOND - 1).grant.granted).toBe(0);
    expect(reserve(state, 1, then + 3 * SECOND).grant.granted).toBe(1);
  });
});

/** A state after so many failures in a row. */
function failed(times: number, state = newCallBudget(0, NOON)): CallBudgetState {
  let next = state;
  for (let call = 0; call < times; call += 1) next = callFailed(next, NOON);
  return next;
}

function reserve(state: CallBudgetState, wanted: number, now: number, rpm = 0) {
  return reserveCalls(state, rpm, wanted, now);
}

/** Without any limit. */
function granting(granted: number): CallGrant {
  return { granted, waitMs: 0, limitedBy: null, probing: false };
}
