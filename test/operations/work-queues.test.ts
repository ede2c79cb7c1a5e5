import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FairQueue, TurnQueue } from '../../src/operations/work-queues.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A task that takes this time and records its name. */
function work(done: string[], name: string, ms: number) {
  return () => {
    vi.advanceTimersByTime(ms);
    done.push(name);
    return name;
  };
}

it('a task runs at once while there are few', () => {
  const queue = new FairQueue();
  const done: string[] = [];
  expect(queue.run('ada', work(done, 'a', 1))).toBe('a');
  expect(queue.run('ada', work(done, 'b', 1))).toBe('b');
});

it('owners take turns, and after each slice the queue pauses as long as the slice took', async () => {
  const queue = new FairQueue();
  const done: string[] = [];
  expect(queue.run('ada', work(done, 'a0', 10))).toBe('a0');
  const waiting = [
    queue.run('ada', work(done, 'a1', 10)),
    queue.run('ada', work(done, 'a2', 10)),
    queue.run('bob', work(done, 'b1', 10)),
  ];
  vi.advanceTimersByTime(9);
  expect(done).toEqual(['a0']);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toEqual(['a0', 'a1']);
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toEqual(['a0', 'a1', 'b1', 'a2']);
  expect(await Promise.all(waiting.map(async (name) => name))).toEqual(['a1', 'a2', 'b1']);
});

it('a task that throws does not affect others', async () => {
  const queue = new FairQueue();
  const done: string[] = [];
  expect(queue.run('ada', work(done, 'a0', 10))).toBe('a0');
  const failing = queue.run('ada', () => {
    throw new Error('no');
  });
  const next = queue.run('ada', work(done, 'a1', 1));
  const failed = Promise.allSettled([failing]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await failed).toMatchObject([{ status: 'rejected', reason: { message: 'no' } }]);
  expect(await next).toBe('a1');
});

it('one owner has at most 1,000 waiting tasks', () => {
  const queue = new FairQueue();
  expect(queue.run('ada', work([], 'a', 10))).toBe('a');
  const results = Array.from({ length: 1001 }, () => queue.run('ada', () => 1));
  expect(results.filter((result) => result === null)).toHaveLength(1);
  expect(queue.run('bob', () => 1)).toBeInstanceOf(Promise);
});

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
