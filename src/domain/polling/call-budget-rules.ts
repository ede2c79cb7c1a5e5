/**
 * The shared budget of upstream calls of all instances: a rate limit and a circuit breaker. Pure: each function takes the state and the
 * time and returns the next state. Times are epoch milliseconds.
 *
 * **Rate.** A token bucket. A 429 closes it for the time that the upstream asks for, or for 2 seconds, doubled with each further 429
 * up to 60 seconds until a call is answered, minus a random part of up to a half. If the requested time was too short, the next
 * closure lasts at least as long as the backoff. The bucket opens with one call at half the rate, and the rate grows by a
 * tenth of the limit a minute: additive increase, multiplicative decrease (D. Chiu, R. Jain, 1989). A 429 within a minute after
 * the opening does not halve the rate again. Without a limit, 600 calls a minute are the limit until the rate has recovered.
 *
 * **Circuit.** Ten reported failures in a row open the circuit. Then one call every three seconds probes whether the upstream is back.
 * Any answer of the API closes it. `store/call-budget.ts` lists the reports.
 */
import { backoffMs } from './backoff.ts';

/** The state that all instances share; stored as JSON under these names. */
export interface CallBudgetState {
  readonly tokens: number;
  readonly refilledAt: number;
  readonly closedUntil: number;
  /** 429 answers in the current episode. */
  readonly refusals: number;
  /** The share of the rate at the end of the last closure. */
  readonly share: number;
  /** Failures in a row. */
  readonly failures: number;
  /** When the next probe may be sent while the circuit is open; null while it is closed. */
  readonly probeAt: number | null;
}

/** The answer to a request for calls. */
export interface CallGrant {
  readonly granted: number;
  /** Milliseconds until the next request makes sense, when none was granted. */
  readonly waitMs: number;
  /** The reason, when fewer were granted than requested; else null. */
  readonly limitedBy: 'rate-limit' | 'circuit' | null;
  /** True: the call probes whether the upstream is back. */
  readonly probing: boolean;
  /** Mean milliseconds between two calls at the present rate; present when `limitedBy` is `rate-limit`. */
  readonly intervalMs?: number;
}

/** The longest Retry-After that is obeyed, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60 * 1000;

/** The lowest rate after 429 answers, as a share of the limit. */
const MIN_SHARE = 1 / 16;
/** Milliseconds for the recovery of the rate from 0 to the limit. */
const RECOVERY_MS = 10 * 60 * 1000;
/** Milliseconds without a 429 after which the next one starts a new episode. */
const EPISODE_MS = 60_000;
/** The calls a minute of a budget without a limit while it recovers from a 429. */
export const UNLIMITED_RPM = 600;
/** The rounding error of many small refills. */
const ROUNDING = 1e-6;
const MINUTE_MS = 60_000;
/** Added to the minute, because a call that travels faster than one a minute earlier would exceed the limit. */
const SLACK_MS = 500;
/** Failures in a row that open the circuit. */
const MAX_FAILURES = 10;
const PROBE_PAUSE_MS = 3000;

interface Bucket {
  readonly burst: number;
  readonly refillPerMs: number;
}

/**
 * The bucket for `rpm` calls in any minute: with burst b and refill r it lets at most b + 60·r − 1 calls pass in any
 * half-open minute. b is a tenth of the limit, and r distributes the rest over a minute plus the slack.
 */
function bucketFor(rpm: number): Bucket {
  const limit = rpm > 0 ? rpm : UNLIMITED_RPM;
  const burst = Math.max(1, Math.floor(limit / 10));
  return { burst, refillPerMs: (limit - burst + 1) / (MINUTE_MS + SLACK_MS) };
}

/**
 * A full budget.
 *
 * @param rpm calls a minute; 0 for no limit
 */
export function newCallBudget(rpm: number, now: number): CallBudgetState {
  return {
    tokens: bucketFor(rpm).burst,
    refilledAt: now,
    closedUntil: 0,
    refusals: 0,
    share: 1,
    failures: 0,
    probeAt: null,
  };
}

/**
 * Takes up to `wanted` calls out of the budget. When none is granted, the state changes only after the clock was set back. Store it
 * even then, or the wait would restart each time.
 */
export function reserveCalls(
  state: CallBudgetState,
  rpm: number,
  wanted: number,
  now: number,
): { readonly state: CallBudgetState; readonly grant: CallGrant } {
  const current = withClock(state, now);
  const { probeAt, closedUntil } = current;
  if (probeAt !== null && now < probeAt) return noGrant(current, probeAt - now, 'circuit');
  if (now < closedUntil) {
    return noGrant(current, closedUntil - now, 'rate-limit', intervalMsAt(current, rpm, now));
  }
  const probing = probeAt !== null;
  const asked = probing ? Math.min(1, wanted) : wanted;
  const isUnlimited = rpm === 0 && shareAt(current, now) === 1;
  const filled = isUnlimited ? current : refilled(current, rpm, now);
  const granted = isUnlimited ? asked : Math.min(asked, Math.floor(filled.tokens + ROUNDING));
  if (granted === 0 && wanted > 0) {
    const intervalMs = intervalMsAt(filled, rpm, now);
    return noGrant(current, Math.ceil((1 - filled.tokens) * intervalMs), 'rate-limit', intervalMs);
  }
  const taken = isUnlimited ? filled : { ...filled, tokens: Math.max(0, filled.tokens - granted) };
  const next = probing && granted > 0 ? { ...taken, probeAt: now + PROBE_PAUSE_MS } : taken;
  const limitedBy = granted === wanted ? null : granted < asked ? 'rate-limit' : 'circuit';
  const grant: CallGrant = { granted, waitMs: 0, limitedBy, probing: probing && granted > 0 };
  const isRateLimited = limitedBy === 'rate-limit';
  return {
    state: next,
    grant: isRateLimited ? { ...grant, intervalMs: intervalMsAt(next, rpm, now) } : grant,
  };
}

/** The budget as operators see it. */
export interface CallBudgetStatus {
  /** The limit; null: there is none. */
  readonly callsPerMinute: number | null;
  /** Calls that could be made at once; null: there is no limit. */
  readonly remaining: number | null;
  /** The share of the full rate, from above 0 to 1. */
  readonly share: number;
  /** No call is made before this time, because the upstream answered 429; null: calls are made. */
  readonly pausedUntil: number | null;
  /** While the circuit is open: when one call probes whether the upstream is back. Null while it is closed. */
  readonly nextProbeAt: number | null;
  /** Calls in a row that the API did not answer. */
  readonly failures: number;
}

export function budgetStatusAt(state: CallBudgetState, rpm: number, now: number): CallBudgetStatus {
  const current = withClock(state, now);
  const { closedUntil, probeAt, failures } = current;
  return {
    callsPerMinute: rpm === 0 ? null : rpm,
    remaining: remainingAt(current, rpm, now),
    share: shareAt(current, now),
    pausedUntil: closedUntil > now ? closedUntil : null,
    nextProbeAt: probeAt,
    failures,
  };
}

function remainingAt(state: CallBudgetState, rpm: number, now: number): number | null {
  const { probeAt, closedUntil } = state;
  if (now < closedUntil) return 0;
  if (probeAt !== null) return now < probeAt ? 0 : 1;
  if (rpm === 0 && shareAt(state, now) === 1) return null;
  return Math.floor(refilled(state, rpm, now).tokens + ROUNDING);
}

/** Returns reserved calls that were not made. */
export function releaseCalls(
  state: CallBudgetState,
  rpm: number,
  count: number,
  now: number,
): CallBudgetState {
  const current = withClock(state, now);
  // The next call is the probe that was not made.
  const { probeAt } = current;
  const probed = probeAt !== null && probeAt > now ? { ...current, probeAt: now } : current;
  // A bucket that a 429 has closed meanwhile still opens with one call at most.
  if (now < current.closedUntil || (rpm === 0 && shareAt(current, now) === 1)) return probed;
  return refilled({ ...probed, tokens: probed.tokens + count }, rpm, now);
}

/**
 * The upstream answered 429.
 *
 * @param random from 0 to 1
 * @param retryAfterMs null when it did not say
 */
export function callRateLimited(
  state: CallBudgetState,
  rpm: number,
  now: number,
  random: number,
  retryAfterMs: number | null,
): CallBudgetState {
  const current = withClock(state, now);
  // Several 429 answers to concurrent calls count as one, and the longest requested time applies.
  const together = now < current.closedUntil;
  const isFirst = now - current.closedUntil > EPISODE_MS;
  const refusals = together ? current.refusals : isFirst ? 1 : current.refusals + 1;
  const present = shareAt(current, now);
  const share = together ? current.share : isFirst ? Math.max(MIN_SHARE, present / 2) : present;
  const asked = Math.max(0, retryAfterMs ?? 0);
  const backoff = backoffMs(asked > 0 ? refusals : refusals + 1, random);
  // The first requested time is used alone. If it was too short or missing, the backoff applies too.
  const own = together || (asked > 0 && refusals === 1) ? 0 : backoff;
  const waitMs = Math.min(Math.max(asked, own), MAX_RETRY_AFTER_MS);
  const closedUntil = Math.max(current.closedUntil, now + waitMs);
  // An upstream that answers 429 is up.
  const up = { ...current, failures: 0, probeAt: null };
  const closed = refilled({ ...up, refusals, share, closedUntil }, rpm, closedUntil);
  // It opens with one call at most, not with a burst.
  return { ...closed, tokens: Math.min(1, closed.tokens) };
}

/**
 * The API answered a call, and not with 429. So it is up, and the last closure was long enough. Returns the same state when nothing
 * changes.
 */
export function callAnswered(state: CallBudgetState, now: number): CallBudgetState {
  // An answer during a closure belongs to an earlier call.
  const refusals = now < state.closedUntil ? state.refusals : 0;
  const isChange = state.failures > 0 || state.probeAt !== null || state.refusals !== refusals;
  return isChange ? { ...state, refusals, failures: 0, probeAt: null } : state;
}

/** The API did not answer a call. */
export function callFailed(state: CallBudgetState, now: number): CallBudgetState {
  const failures = state.failures + 1;
  const opens = state.probeAt === null && failures >= MAX_FAILURES;
  return { ...state, failures, probeAt: opens ? now + PROBE_PAUSE_MS : state.probeAt };
}

/** Whether all calls except probes are stopped. */
export function isCircuitOpen(state: CallBudgetState): boolean {
  return state.probeAt !== null;
}

/** Corrects the state after the clock was set back: calls are not stopped for longer, and the bucket refills from the new time. */
function withClock(state: CallBudgetState, now: number): CallBudgetState {
  // No closure lasts that long, so it was set before the clock changed.
  const closedUntil = state.closedUntil > now + MAX_RETRY_AFTER_MS ? now : state.closedUntil;
  const probeAt = state.probeAt === null ? null : Math.min(state.probeAt, now + PROBE_PAUSE_MS);
  const refilledAt = Math.min(state.refilledAt, Math.max(now, closedUntil));
  return { ...state, closedUntil, probeAt, refilledAt };
}

function shareAt({ share, closedUntil }: CallBudgetState, at: number): number {
  return Math.min(1, share + Math.max(0, at - closedUntil) / RECOVERY_MS);
}

/** Mean milliseconds between two calls. */
function intervalMsAt(state: CallBudgetState, rpm: number, at: number): number {
  return 1 / (bucketFor(rpm).refillPerMs * shareAt(state, at));
}

/** Refills the bucket up to a time. */
function refilled(state: CallBudgetState, rpm: number, at: number): CallBudgetState {
  const { burst, refillPerMs } = bucketFor(rpm);
  const share = shareAt(state, at);
  const elapsed = Math.max(0, at - state.refilledAt);
  const tokens = Math.min(Math.max(1, burst * share), state.tokens + elapsed * refillPerMs * share);
  return { ...state, tokens, refilledAt: Math.max(state.refilledAt, at) };
}

function noGrant(
  state: CallBudgetState,
  waitMs: number,
  limitedBy: 'rate-limit' | 'circuit',
  intervalMs?: number,
): { state: CallBudgetState; grant: CallGrant } {
  const grant: CallGrant = { granted: 0, waitMs, limitedBy, probing: false };
  return { state, grant: intervalMs === undefined ? grant : { ...grant, intervalMs } };
}
