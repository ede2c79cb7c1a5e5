import { expect, it } from 'vitest';
import { TargetSlots } from '../../../src/webhooks/delivery/target-slots.ts';

const NOW = 1000;

/** Takes as many slots as there are. @returns their number and why there is no other */
function fill(slots: TargetSlots, origin: string, owner = 'ada') {
  for (let taken = 0; ; taken += 1) {
    const entry = slots.enter(origin, owner, NOW);
    if (entry !== 'entered') return [taken, entry];
  }
}

it('gives an origin that answers more slots, up to half of all', () => {
  const slots = new TargetSlots();
  expect(fill(slots, 'a')).toEqual([4, 'busy']);
  for (let count = 0; count < 4; count += 1) slots.leave('a', 'ada', true, 0);
  expect(fill(slots, 'a')).toEqual([8, 'busy']);
  for (let round = 0; round < 100; round += 1) {
    slots.leave('a', 'ada', true, 0);
    slots.enter('a', 'ada', NOW);
  }
  expect(fill(slots, 'a', 'bob')).toEqual([24, 'busy']);
});

it('leaves an origin that does not answer one slot, until it answers', () => {
  const slots = new TargetSlots();
  fill(slots, 'a');
  for (let count = 0; count < 4; count += 1) slots.leave('a', 'ada', false, 0);
  expect(fill(slots, 'a')).toEqual([1, 'failing']);
  expect(fill(slots, 'b', 'bob')).toEqual([4, 'busy']);
  slots.leave('a', 'ada', true, 0);
  expect(fill(slots, 'a')).toEqual([2, 'busy']);
});

it('leaves other owners half of the slots', () => {
  const slots = new TargetSlots();
  const taken = Array.from({ length: 20 }, (_, index) => Number(fill(slots, `origin-${index}`)[0]));
  expect(taken.reduce((sum, count) => sum + count, 0)).toBe(32);
  expect(fill(slots, 'b', 'bob')).toEqual([4, 'busy']);
});

it('holds an origin for as long as it asks for', () => {
  const slots = new TargetSlots();
  slots.enter('a', 'ada', NOW);
  slots.leave('a', 'ada', true, NOW + 500);
  expect(slots.enter('a', 'ada', NOW + 499)).toBe('held');
  expect(slots.heldUntil('a')).toBe(NOW + 500);
  expect(slots.enter('a', 'ada', NOW + 500)).toBe('entered');
});
