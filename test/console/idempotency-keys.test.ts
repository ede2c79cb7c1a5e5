import { expect, test } from 'vitest';
import { IdempotencyKeys } from '../../console/src/new-job/idempotency-keys.ts';

/** IdempotencyKeys whose keys are `key 1`, `key 2`, …, and the time that they go by. */
function makeWishes() {
  let now = 1000;
  let keys = 0;
  const wishes = new IdempotencyKeys(
    () => now,
    () => `key ${++keys}`,
  );
  return {
    wishes,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const CAT = { prompt: 'a cat' };
const DOG = { prompt: 'a dog' };

test('the same input is the same wish until it is accepted, however long that takes', () => {
  const { wishes, pass } = makeWishes();
  expect(wishes.keyFor(CAT)).toBe('key 1');
  pass(3_600_000);
  expect(wishes.keyFor({ ...CAT })).toBe('key 1');
});

test('after it was accepted it is the same wish for two seconds, and then a new one', () => {
  const { wishes, pass } = makeWishes();
  wishes.accepted(wishes.keyFor(CAT));
  pass(1999);
  expect(wishes.keyFor(CAT)).toBe('key 1');
  pass(1);
  expect(wishes.keyFor(CAT)).toBe('key 2');
});

test('clicks that go on do not make the moment longer', () => {
  const { wishes, pass } = makeWishes();
  for (let clicks = 0; clicks < 4; clicks++) {
    wishes.accepted(wishes.keyFor(CAT));
    pass(500);
  }
  expect(wishes.keyFor(CAT)).toBe('key 2');
});

test('other input is another wish at once, and so is the first one after it', () => {
  const { wishes } = makeWishes();
  wishes.accepted(wishes.keyFor(CAT));
  expect(wishes.keyFor(DOG)).toBe('key 2');
  expect(wishes.keyFor(CAT)).toBe('key 3');
});

test('an answer that comes when something else is wished for already changes nothing', () => {
  const { wishes, pass } = makeWishes();
  const cat = wishes.keyFor(CAT);
  wishes.keyFor(DOG);
  wishes.accepted(cat);
  pass(10_000);
  expect(wishes.keyFor(DOG)).toBe('key 2');
});
