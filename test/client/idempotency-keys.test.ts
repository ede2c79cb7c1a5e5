import { beforeEach, expect, test } from 'vitest';
import { IdempotencyKeys } from '../../packages/client/src/requests/idempotency-keys.ts';

let now: number;
let made: number;
let keys: IdempotencyKeys;

beforeEach(() => {
  now = 0;
  made = 0;
  keys = new IdempotencyKeys(
    () => now,
    () => `key-${(made += 1)}`,
  );
});

const CAT = { prompt: 'a cat', seed: 1 };
const DOG = { prompt: 'a dog', seed: 1 };

test('equal inputs have the same key until they are accepted, whatever the order of their fields', () => {
  expect(keys.keyFor(CAT)).toBe('key-1');
  now = 100_000;
  expect(keys.keyFor({ seed: 1, prompt: 'a cat' })).toBe('key-1');
});

test('inputs that are sent in turns keep their keys', () => {
  expect([keys.keyFor(CAT), keys.keyFor(DOG), keys.keyFor(CAT), keys.keyFor(DOG)]).toEqual([
    'key-1',
    'key-2',
    'key-1',
    'key-2',
  ]);
});

test('an accepted input has the same key for two seconds, then a new one', () => {
  keys.keyFor(CAT);
  now = 1000;
  keys.accepted(CAT, 'key-1');
  now = 2999;
  expect(keys.keyFor(CAT)).toBe('key-1');
  // A double click does not prolong the time.
  keys.accepted(CAT, 'key-1');
  now = 3000;
  expect(keys.keyFor(CAT)).toBe('key-2');
});

test('a late answer to an earlier key does not count as the acceptance of the key of now', () => {
  keys.keyFor(CAT);
  keys.accepted(CAT, 'key-1');
  now = 2000;
  expect(keys.keyFor(CAT)).toBe('key-2');
  keys.accepted(CAT, 'key-1');
  now = 10_000;
  expect(keys.keyFor(CAT)).toBe('key-2');
});

test('accepted inputs do not push out one whose answer was lost', () => {
  keys.keyFor(CAT);
  for (let seed = 2; seed <= 3000; seed += 1) {
    const input = { ...CAT, seed };
    keys.accepted(input, keys.keyFor(input));
    now += 10;
  }
  expect(keys.keyFor(CAT)).toBe('key-1');
});

test('the last thousand inputs that were not accepted are remembered', () => {
  keys.keyFor(CAT);
  for (let seed = 2; seed <= 1000; seed += 1) keys.keyFor({ ...CAT, seed });
  expect(keys.keyFor(CAT)).toBe('key-1');
  for (let seed = 1002; seed <= 2001; seed += 1) keys.keyFor({ ...CAT, seed });
  expect(keys.keyFor(CAT)).toBe('key-2001');
});
