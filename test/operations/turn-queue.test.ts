import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TurnQueue } from '../../src/operations/work-queues.ts';

it('runs one task per turn of the event loop, in order, also tasks that are added meanwhile', async () => {
  const done: string[] = [];
  const pieces = new TurnQueue();
  const add = (name: string) => pieces.add(() => done.push(name));
  add('a');
  pieces.add(() => add('c'));
  add('b');
  expect(done).toEqual([]);
  const seen: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    await turn();
    seen.push(done.join(''));
  }
  expect(seen).toEqual(['a', 'a', 'ab', 'abc', 'abc']);
  add('d');
  await turn();
  expect(done).toEqual(['a', 'b', 'c', 'd']);
});
