import type { JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { AuthenticationError, AuthUnavailableError } from '../../src/auth/authentication-error.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { listening, NO_EVENTS } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HOUR, MINUTE, SECOND } from '../support/times.ts';
import { signingKey, verifier } from './signing-keys.ts';
import { jobTokensOf, signToken } from './tokens.ts';

const DAY_SECONDS = 86_400;

/** An issuer with answers that the test sets, and an authenticator that fetches its keys. */
async function setUp() {
  const clock = new FakeClock();
  const { jwk, sign } = await signingKey('first');
  const issuer = {
    published: [jwk] as JWK[],
    isAway: false,
    fetches: 0,
    /** Awaited before each answer. */
    gate: Promise.resolve(),
  };
  const failures: string[] = [];
  const events = listening('fault', ({ message }) => failures.push(message));
  const userTokens = verifier(
    async () => {
      issuer.fetches += 1;
      await issuer.gate;
      if (issuer.isAway) throw new Error('away');
      return { keys: issuer.published };
    },
    { now: clock.now, events },
  );
  const authenticator = new Authenticator({
    userTokens,
    apiKeys: null,
    jobTokens: jobTokensOf(),
    now: clock.now,
    events: NO_EVENTS,
  });
  const token = await sign(DAY_SECONDS);
  return {
    clock,
    issuer,
    failures,
    userTokens,
    token,
    ask: (one = token) => authenticator.authenticate(one),
  };
}

describe('a key that the issuer withdraws', () => {
  it('is refused at once after ten hours without traffic', async () => {
    const { clock, issuer, ask } = await setUp();
    await ask();
    issuer.published = [];
    clock.jump(10 * HOUR);
    await expect(ask()).rejects.toThrow(AuthenticationError);
  });

  it('is refused after five minutes, however often it is used', async () => {
    const { clock, issuer, ask } = await setUp();
    await ask();
    issuer.published = [];
    for (let second = 0; second < 5 * 60; second += 10) {
      clock.jump(10 * SECOND);
      // The token may be refused.
      await ask().catch(() => {});
    }
    await expect(ask()).rejects.toThrow(AuthenticationError);
  });

  it('is refused after five minutes, also while the issuer cannot be reached', async () => {
    const { clock, issuer, ask } = await setUp();
    await ask();
    issuer.isAway = true;
    let accepted = 0;
    for (let second = 0; second < 5 * 60; second += 10) {
      clock.jump(10 * SECOND);
      await ask().then(
        () => (accepted = second + 10),
        () => {},
      );
    }
    // Callers do not notice an outage of a few minutes.
    expect(accepted).toBeGreaterThanOrEqual(3 * 60);
    expect(accepted).toBeLessThan(5 * 60);
    await expect(ask()).rejects.toThrow(AuthUnavailableError);
    issuer.isAway = false;
    clock.jump(10 * SECOND);
    expect(await ask()).toMatchObject({ ownerId: 'ada' });
  });

  it('is not used longer when the clock was set back', async () => {
    const { clock, issuer, userTokens, token } = await setUp();
    await userTokens.verify(token);
    issuer.published = [];
    clock.jump(-HOUR);
    await expect(userTokens.verify(token)).rejects.toThrow(AuthenticationError);
  });
});

describe('the set is fetched', () => {
  it('at the start, and not again for the first caller', async () => {
    const { issuer, userTokens, ask } = await setUp();
    await userTokens.fetchKeys();
    await ask();
    expect(issuer.fetches).toBe(1);
  });

  it('once for all callers that wait', async () => {
    const { issuer, userTokens, token } = await setUp();
    const opened = Promise.withResolvers<void>();
    issuer.gate = opened.promise;
    const callers = Promise.all(Array.from({ length: 50 }, () => userTokens.verify(token)));
    opened.resolve();
    expect(await callers).toHaveLength(50);
    expect(issuer.fetches).toBe(1);
  });

  it('once in ten seconds for any number of tokens with unknown keys', async () => {
    const { clock, issuer, userTokens, token } = await setUp();
    const unknown = await (await signingKey('unknown')).sign(DAY_SECONDS);
    await userTokens.verify(token);
    for (let second = 0; second < 60; second += 1) {
      for (let i = 0; i < 3; i += 1) {
        await expect(userTokens.verify(unknown)).rejects.toThrow(AuthenticationError);
      }
      clock.jump(SECOND);
    }
    expect(issuer.fetches).toBe(6);
  });

  it('once in ten seconds while the issuer is unreachable, and each failure is reported', async () => {
    const { clock, issuer, userTokens, token, failures } = await setUp();
    issuer.isAway = true;
    for (let second = 0; second < 30; second += 1) {
      await expect(userTokens.verify(token)).rejects.toThrow(AuthUnavailableError);
      clock.jump(SECOND);
    }
    expect(issuer.fetches).toBe(3);
    const unusable = expect.stringContaining('callers with a JWT get AUTH_UNAVAILABLE until it can be');
    expect(failures).toEqual([unusable, unusable, unusable]);
  });

  it('again for a new key, in addition to every minute', async () => {
    const { clock, issuer, userTokens, token, failures } = await setUp();
    await userTokens.verify(token);
    const second = await signingKey('second');
    issuer.published = [...issuer.published, second.jwk];
    clock.jump(10 * SECOND);
    expect(await userTokens.verify(await second.sign(DAY_SECONDS))).toMatchObject({ ownerId: 'ada' });
    expect(issuer.fetches).toBe(2);
    clock.jump(MINUTE);
    issuer.isAway = true;
    await userTokens.verify(token);
    expect(issuer.fetches).toBe(3);
    const usable = expect.stringContaining('the last keys are used until they are four minutes old');
    await expect.poll(() => failures).toEqual([usable]);
  });
});

it('a shared secret in a JWK set is never accepted', async () => {
  const { userTokens } = await setUp();
  await expect(userTokens.verify(await signToken())).rejects.toThrow(AuthenticationError);
});
