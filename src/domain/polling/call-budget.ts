/**
 * The rules by which calls to the upstream are made, of all instances together: a rate limit and a circuit breaker. Pure:
 * each function takes the state and the time and gives the next state. Times are epoch milliseconds.
 *
 * **Rate.** A token bucket. A refusal (429) closes it, for as long as the upstream asks or for 2 seconds, doubled with
 * each further one up to 60 until a call is answered again, of which chance takes away up to half; a time that was asked
 * for and turned out too short is not believed alone the next time. It opens with one call, at half the rate, and climbs back by a tenth of the limit
 * a minute: additive increase, multiplicative decrease (D. Chiu, R. Jain, 1989). Refusals that come less than a minute
 * after it has opened do not halve the rate again. Without a limit, 600 calls a minute hold until it has climbed back.
 *
 * **Circuit.** Ten reported failures in a row open it: then one call each three seconds probes whether the upstream is
 * back. A call that the API answered, whatever it said, closes it. What is reported, `store/call-budget.ts` says.
 */
import { backoffMs } from './backoff.ts';

/** What all instances share. */
export interface CallBudgetState {
  readonly tokens: number;
  readonly refilledAt: number;
  readonly closedUntil: number;
  /** Refusals of the present episode. */
  readonly refusals: number;
  /** Share of the rate that held at the end of the last closure. */
  readonly share: number;
  /** Failures in a row. */
  readonly failures: number;
  /** When the next probe may go out while the circuit is open; null while it is closed. */
  readonly probeAt: number | null;
}

/** What comes of asking for calls. */
export interface CallGrant {
  readonly granted: number;
  /** Milliseconds until it is worth to ask again, when none was granted. */
  readonly waitMs: number;
  /** What held calls back, when fewer were granted than asked for; else null. */
  readonly limitedBy: 'rate-limit' | 'circuit' | null;
  /** True: the call is to probe whether the upstream is back. */
  readonly probing: boolean;
}

/** The longest Retry-After that is believed, in milliseconds: after this a call is tried all the same. */
export const MAX_RETRY_AFTER_MS = 5 * 60 * 1000;

/** The shortest of the rates that refusals lower it to, as a share of the limit. */
const MIN_SHARE = 1 / 16;
/** Milliseconds for the whole climb. */
const CLIMB_MS = 10 * 60 * 1000;
/** Milliseconds without a refusal after which the next one is the first again. */
const EPISODE_MS = 60_000;
/** Calls a minute while a budget without a limit recovers. */
const UNLIMITED_RPM = 600;
/** What many small refills may lack of a whole token. */
const ROUNDING = 1e-6;
const MINUTE_MS = 60_000;
/** A call that takes longer than the one a minute before it to get there must not make one too many. */
const SLACK_MS = 500;
/** So many failures in a row open the circuit. Fewer could be bad luck. */
const FAILURES = 10;
const PROBE_PAUSE_MS = 3000;

interface Bucket {
  readonly burst: number;
  readonly refillPerMs: number;
}

/**
 * The bucket for `rpm` calls in any minute: with burst b and refill r it lets at most b + 60·r − 1 calls pass in any
 * half-open minute. b is a tenth of the limit and r takes what remains, over a minute and a little.
 */
function bucketFor(rpm: number): Bucket {
  const limit = rpm > 0 ? rpm : UNLIMITED_RPM;
  const burst = Math.max(1, Math.floor(limit / 10));
  return { burst, refillPerMs: (limit - burst + 1) / (MINUTE_MS + SLACK_MS) };
}

/**
 * A budget that nothing was taken out of.
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
 * Takes up to `wanted` calls out of the budget. When none is granted, the next state differs only after the clock was
 * set back, and then has to be kept all the same, or the wait would begin anew each time.
 */
export function reserveCalls(
  state: CallBudgetState,
  rpm: number,
  wanted: number,
  now: number,
): { readonly state: CallBudgetState; readonly grant: CallGrant } {
  const current = withPresent(state, now);
  const { probeAt, closedUntil } = current;
  if (probeAt !== null && now < probeAt) return none(current, probeAt - now, 'circuit');
  if (now < closedUntil) return none(current, closedUntil - now, 'rate-limit');
  const probing = probeAt !== null;
  const asked = probing ? Math.min(1, wanted) : wanted;
  const isUnlimited = rpm === 0 && shareAt(current, now) === 1;
  const filled = isUnlimited ? current : refilled(current, rpm, now);
  const granted = isUnlimited ? asked : Math.min(asked, Math.floor(filled.tokens + ROUNDING));
  if (granted === 0 && wanted > 0) {
    const rate = bucketFor(rpm).refillPerMs * shareAt(filled, now);
    return none(current, Math.ceil((1 - filled.tokens) / rate), 'rate-limit');
  }
  const taken = isUnlimited ? filled : { ...filled, tokens: Math.max(0, filled.tokens - granted) };
  const next = probing && granted > 0 ? { ...taken, probeAt: now + PROBE_PAUSE_MS } : taken;
  const limitedBy = granted === wanted ? null : granted < asked ? 'rate-limit' : 'circuit';
  return { state: next, grant: { granted, waitMs: 0, limitedBy, probing: probing && granted > 0 } };
}

/** Returns calls that were reserved and not made. */
export function releaseCalls(
  state: CallBudgetState,
  rpm: number,
  count: number,
  now: number,
): CallBudgetState {
  const current = withPresent(state, now);
  // A probe that was not made is made next.
  const { probeAt } = current;
  const probed = probeAt !== null && probeAt > now ? { ...current, probeAt: now } : current;
  // Closed by a 429 meanwhile, it still opens with one call at most.
  if (now < current.closedUntil || (rpm === 0 && shareAt(current, now) === 1)) return probed;
  return refilled({ ...probed, tokens: probed.tokens + count }, rpm, now);
}

/**
 * The upstream refused a call for their number.
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
  const current = withPresent(state, now);
  // Refusals of calls that were in progress together count as one, and the longest time that one asked for holds.
  const together = now < current.closedUntil;
  const isFirst = now - current.closedUntil > EPISODE_MS;
  const refusals = together ? current.refusals : isFirst ? 1 : current.refusals + 1;
  const present = shareAt(current, now);
  const share = together ? current.share : isFirst ? Math.max(MIN_SHARE, present / 2) : present;
  const asked = Math.max(0, retryAfterMs ?? 0);
  const backoff = backoffMs(asked > 0 ? refusals : refusals + 1, random);
  // The first is believed; when its time was not enough, or it gave none, the own one counts too.
  const own = together || (asked > 0 && refusals === 1) ? 0 : backoff;
  const waitMs = Math.min(Math.max(asked, own), MAX_RETRY_AFTER_MS);
  const closedUntil = Math.max(current.closedUntil, now + waitMs);
  // Who refuses is up.
  const up = { ...current, failures: 0, probeAt: null };
  const closed = refilled({ ...up, refusals, share, closedUntil }, rpm, closedUntil);
  // It opens with one call at most, not with a burst.
  return { ...closed, tokens: Math.min(1, closed.tokens) };
}

/**
 * The API answered a call and did not refuse it, so it is up, and the last closure was long enough. Gives the same state
 * when nothing changes.
 */
export function callAnswered(state: CallBudgetState, now: number): CallBudgetState {
  // An answer that comes while it is closed is that of a call from before.
  const refusals = now < state.closedUntil ? state.refusals : 0;
  const isNews = state.failures > 0 || state.probeAt !== null || state.refusals !== refusals;
  return isNews ? { ...state, refusals, failures: 0, probeAt: null } : state;
}

/** A call got no answer of the API. */
export function callFailed(state: CallBudgetState, now: number): CallBudgetState {
  const failures = state.failures + 1;
  const opens = state.probeAt === null && failures >= FAILURES;
  return { ...state, failures, probeAt: opens ? now + PROBE_PAUSE_MS : state.probeAt };
}

/** Whether calls are stopped, but for probes. */
export function isCircuitOpen(state: CallBudgetState): boolean {
  return state.probeAt !== null;
}

/** A clock that was set back must not stop calls for longer than was meant. A bucket refills from the new time on. */
function withPresent(state: CallBudgetState, now: number): CallBudgetState {
  // No closure lasts that long, so it is of the time before.
  const closedUntil = state.closedUntil > now + MAX_RETRY_AFTER_MS ? now : state.closedUntil;
  const probeAt = state.probeAt === null ? null : Math.min(state.probeAt, now + PROBE_PAUSE_MS);
  const refilledAt = Math.min(state.refilledAt, Math.max(now, closedUntil));
  return { ...state, closedUntil, probeAt, refilledAt };
}

function shareAt({ share, closedUntil }: CallBudgetState, at: number): number {
  return Math.min(1, share + Math.max(0, at - closedUntil) / CLIMB_MS);
}

/** The bucket as it is at a time. */
function refilled(state: CallBudgetState, rpm: number, at: number): CallBudgetState {
  const { burst, refillPerMs } = bucketFor(rpm);
  const share = shareAt(state, at);
  const elapsed = Math.max(0, at - state.refilledAt);
  const tokens = Math.min(Math.max(1, burst * share), state.tokens + elapsed * refillPerMs * share);
  return { ...state, tokens, refilledAt: Math.max(state.refilledAt, at) };
}

function none(
  state: CallBudgetState,
  waitMs: number,
  limitedBy: 'rate-limit' | 'circuit',
): { state: CallBudgetState; grant: CallGrant } {
  return { state, grant: { granted: 0, waitMs, limitedBy, probing: false } };
}
