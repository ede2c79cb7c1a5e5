import { expect, it } from 'vitest';
import { TargetSlots } from '../../../src/webhooks/delivery/target-slots.ts';

const NOW = 1000;

const attempt = (isAnswering: boolean | null, heldUntil = 0, durationMs = 0) => ({
  isAnswering,
  heldUntil,
  endedAt: NOW,
  durationMs,
});

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
  for (let count = 0; count < 4; count += 1) slots.leave('a', 'ada', attempt(true));
  expect(fill(slots, 'a')).toEqual([8, 'busy']);
  for (let round = 0; round < 100; round += 1) {
    slots.leave('a', 'ada', attempt(true));
    slots.enter('a', 'ada', NOW);
  }
  // Half of all, of all owners together.
  const others = ['bob', 'cyd', 'dan', 'eve', 'fay', 'gus', 'hal'].map((owner) =>
    Number(fill(slots, 'a', owner)[0]),
  );
  expect(others.reduce((sum, count) => sum + count, 8)).toBe(32);
});

it('leaves an origin that does not answer one slot, until it answers', () => {
  const slots = new TargetSlots();
  fill(slots, 'a');
  for (let count = 0; count < 4; count += 1) slots.leave('a', 'ada', attempt(false));
  expect(fill(slots, 'a')).toEqual([1, 'failing']);
  expect(fill(slots, 'b', 'bob')).toEqual([4, 'busy']);
  slots.leave('a', 'ada', attempt(true));
  expect(fill(slots, 'a')).toEqual([2, 'busy']);
});

it('gives another owner slots at an origin that does not answer one, a few for all', () => {
  const slots = new TargetSlots();
  for (let count = 0; count < 10; count += 1) {
    expect(slots.enter('a', 'ada', NOW)).toBe('entered');
    slots.leave('a', 'ada', attempt(false));
  }
  expect(fill(slots, 'a')).toEqual([1, 'failing']);
  expect(fill(slots, 'a', 'bob')).toEqual([3, 'failing']);
  expect(fill(slots, 'a', 'cyd')).toEqual([0, 'failing']);
});

it('leaves other owners half of the slots', () => {
  const slots = new TargetSlots();
  const taken = Array.from({ length: 20 }, (_, index) => Number(fill(slots, `origin-${index}`)[0]));
  expect(taken.reduce((sum, count) => sum + count)).toBe(32);
  expect(fill(slots, 'b', 'bob')).toEqual([4, 'busy']);
});

it('gives an owner no more slots than are free', () => {
  const slots = new TargetSlots();
  const taken = ['ada', 'cyd', 'dan', 'eve'].map((owner) =>
    Array.from({ length: 20 }, (_, index) => Number(fill(slots, `${owner}-${index}`, owner)[0])).reduce(
      (sum, count) => sum + count,
    ),
  );
  expect(taken).toEqual([32, 16, 8, 4]);
  expect(fill(slots, 'b', 'bob')).toEqual([2, 'busy']);
});

it('holds an origin for as long as it asks an owner for', () => {
  const slots = new TargetSlots();
  slots.enter('a', 'ada', NOW);
  slots.leave('a', 'ada', attempt(true, NOW + 500));
  expect(slots.enter('a', 'ada', NOW + 499)).toBe('held');
  expect(slots.heldUntil('a', 'ada')).toBe(NOW + 500);
  expect(slots.enter('a', 'bob', NOW + 499)).toBe('entered');
  expect(slots.enter('a', 'ada', NOW + 500)).toBe('entered');
});

it('ends a pause by a later call to send a message again, and the order of the turns in it', () => {
  const slots = new TargetSlots();
  slots.enter('a', 'ada', NOW);
  slots.leave('a', 'ada', attempt(true, NOW + 3_600_000));
  slots.turnAt('a', 'ada', NOW + 3_600_000, 0.5);
  slots.endPause('a', 'ada', NOW);
  expect(slots.enter('a', 'ada', NOW + 1)).toBe('held');
  slots.endPause('a', 'ada', NOW + 1);
  expect(slots.enter('a', 'ada', NOW + 1)).toBe('entered');
  expect(slots.turnAt('a', 'ada', NOW + 1, 0.5)).toBe(NOW + 251);
});

it('looks at the deliveries of a backlog one after the other, as fast as attempts end', () => {
  const slots = new TargetSlots();
  for (let count = 0; count < 100; count += 1) {
    slots.enter('a', 'ada', NOW);
    slots.leave('a', 'ada', attempt(true, 0, 3200));
  }
  // 32 attempts of 3.2 seconds: ten in a second.
  const turns = Array.from({ length: 590 }, () => slots.turnAt('a', 'ada', NOW, 0.5));
  expect(turns[0]).toBe(NOW + 250);
  const steps = turns.slice(1).map((turn, index) => turn - (turns[index] ?? 0));
  for (const step of steps) expect(step).toBeGreaterThanOrEqual(99);
  for (const step of steps) expect(step).toBeLessThanOrEqual(101);
  // The others are looked at within a minute: the target may have become faster.
  const later = Array.from({ length: 20 }, (_, index) => slots.turnAt('a', 'ada', NOW, index / 20));
  for (const turn of later.slice(10)) {
    expect(turn).toBeGreaterThanOrEqual(NOW + 30_000);
    expect(turn).toBeLessThanOrEqual(NOW + 60_000);
  }
  expect(slots.turnAt('a', 'bob', NOW, 0.5)).toBe(NOW + 250);
});
