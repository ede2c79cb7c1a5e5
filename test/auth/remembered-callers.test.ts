import { expect, it } from 'vitest';
import { RememberedCallers } from '../../src/auth/remembered-callers.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';

it('a token that was found good is checked again after a minute', async () => {
  const { ask, checks } = remembering(null);
  await ask('a', NOON);
  await ask('a', NOON + MINUTE - 1);
  expect(checks()).toBe(1);
  await ask('a', NOON + MINUTE);
  expect(checks()).toBe(2);
});

it('and at its end, if that comes earlier', async () => {
  const { ask, checks } = remembering(NOON + SECOND);
  await ask('a', NOON);
  await ask('a', NOON + SECOND - 1);
  expect(checks()).toBe(1);
  await ask('a', NOON + SECOND);
  expect(checks()).toBe(2);
});

it('and when the clock was set back', async () => {
  const { ask, checks } = remembering(null);
  await ask('a', NOON);
  await ask('a', NOON - 1);
  expect(checks()).toBe(2);
});

it('one that was refused is checked each time, also while others are remembered', async () => {
  const remembered = new RememberedCallers();
  let checks = 0;
  const refuse = async () => {
    checks += 1;
    throw new Error('No.');
  };
  await remembered.of('good', NOON, async () => caller('ada', null));
  for (let i = 0; i < 3; i += 1) await expect(remembered.of('bad', NOON, refuse)).rejects.toThrow('No.');
  expect(checks).toBe(3);
});

it('each token is its own caller’s', async () => {
  const remembered = new RememberedCallers();
  const ask = (owner: string) => remembered.of(owner, NOON, async () => caller(owner, null));
  await ask('ada');
  await ask('bob');
  expect((await ask('ada')).ownerId).toBe('ada');
  expect((await ask('bob')).ownerId).toBe('bob');
});

it('no more than so many tokens are remembered', async () => {
  const { ask, checks } = remembering(null);
  for (let i = 0; i < 10_000; i += 1) await ask(`${i}`, NOON);
  await ask('0', NOON);
  expect(checks()).toBe(10_000);
  await ask('one more', NOON);
  await ask('0', NOON);
  expect(checks()).toBe(10_002);
});

function remembering(expiresAt: number | null) {
  const remembered = new RememberedCallers();
  let checks = 0;
  const verify = async () => {
    checks += 1;
    return caller('ada', expiresAt);
  };
  return {
    ask: (token: string, now: number) => remembered.of(token, now, verify),
    checks: () => checks,
  };
}

function caller(ownerId: string, expiresAt: number | null): Caller {
  return { ownerId, expiresAt, scopes: new Set(), jobId: null };
}
