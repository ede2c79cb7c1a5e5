import { expect, test } from 'vitest';
import { IdempotencyKeys } from '../../console/src/new-job/idempotency-keys.ts';

/** Keys `key 1`, `key 2`, …, and their clock. */
function makeKeys() {
  let now = 1000;
  let made = 0;
  const keys = new IdempotencyKeys(
    () => now,
    () => `key ${++made}`,
  );
  return {
    keys,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const CAT = { prompt: 'a cat' };
const DOG = { prompt: 'a dog' };

test('the same input keeps its key until it is accepted, however long that takes', () => {
  const { keys, pass } = makeKeys();
  expect(keys.keyFor(CAT)).toBe('key 1');
  pass(3_600_000);
  expect(keys.keyFor({ ...CAT })).toBe('key 1');
});

test('accepted input keeps its key for two seconds and then gets a new one', () => {
  const { keys, pass } = makeKeys();
  keys.accepted(keys.keyFor(CAT));
  pass(1999);
  expect(keys.keyFor(CAT)).toBe('key 1');
  pass(1);
  expect(keys.keyFor(CAT)).toBe('key 2');
});

test('repeated clicks do not extend the two seconds', () => {
  const { keys, pass } = makeKeys();
  for (let clicks = 0; clicks < 4; clicks++) {
    keys.accepted(keys.keyFor(CAT));
    pass(500);
  }
  expect(keys.keyFor(CAT)).toBe('key 2');
});

test('other input gets another key at once, and so does the first input after it', () => {
  const { keys } = makeKeys();
  keys.accepted(keys.keyFor(CAT));
  expect(keys.keyFor(DOG)).toBe('key 2');
  expect(keys.keyFor(CAT)).toBe('key 3');
});

test('a response for earlier input changes nothing', () => {
  const { keys, pass } = makeKeys();
  const cat = keys.keyFor(CAT);
  keys.keyFor(DOG);
  keys.accepted(cat);
  pass(10_000);
  expect(keys.keyFor(DOG)).toBe('key 2');
});
