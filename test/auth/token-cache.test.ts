import { expect, it } from 'vitest';
import { TokenCache } from '../../src/auth/authenticator.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';

it('verifies a token again after a minute', async () => {
  const { ask, checks } = cached(null);
  await ask('a', NOON);
  await ask('a', NOON + MINUTE - 1);
  expect(checks()).toBe(1);
  await ask('a', NOON + MINUTE);
  expect(checks()).toBe(2);
});

it('verifies a token again when it has expired, if that is earlier', async () => {
  const { ask, checks } = cached(NOON + SECOND);
  await ask('a', NOON);
  await ask('a', NOON + SECOND - 1);
  expect(checks()).toBe(1);
  await ask('a', NOON + SECOND);
  expect(checks()).toBe(2);
});

it('verifies a token again when the clock was set back', async () => {
  const { ask, checks } = cached(null);
  await ask('a', NOON);
  await ask('a', NOON - 1);
  expect(checks()).toBe(2);
});

it('does not cache a refusal', async () => {
  const cache = new TokenCache();
  let checks = 0;
  const refuse = async () => {
    checks += 1;
    throw new Error('No.');
  };
  await cache.callerOf('good', NOON, async () => caller('ada', null));
  for (let i = 0; i < 3; i += 1) await expect(cache.callerOf('bad', NOON, refuse)).rejects.toThrow('No.');
  expect(checks).toBe(3);
});

it('keeps the caller of each token', async () => {
  const cache = new TokenCache();
  const ask = (owner: string) => cache.callerOf(owner, NOON, async () => caller(owner, null));
  await ask('ada');
  await ask('bob');
  expect((await ask('ada')).ownerId).toBe('ada');
  expect((await ask('bob')).ownerId).toBe('bob');
});

it('holds 10,000 tokens and drops the least recently used', async () => {
  const { ask, checks } = cached(null);
  for (let i = 0; i < 10_000; i += 1) await ask(`${i}`, NOON);
  await ask('0', NOON);
  expect(checks()).toBe(10_000);
  await ask('one more', NOON);
  await ask('0', NOON);
  expect(checks()).toBe(10_001);
  await ask('1', NOON);
  expect(checks()).toBe(10_002);
});

function cached(expiresAt: number | null) {
  const cache = new TokenCache();
  let checks = 0;
  const verify = async () => {
    checks += 1;
    return caller('ada', expiresAt);
  };
  return {
    ask: (token: string, now: number) => cache.callerOf(token, now, verify),
    checks: () => checks,
  };
}

function caller(ownerId: string, expiresAt: number | null): Caller {
  return { ownerId, expiresAt, scopes: new Set(), jobId: null };
}
