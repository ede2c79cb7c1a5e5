import { describe, expect, it, vi } from 'vitest';
import { PushIterator } from '../../src/watching/push-iterator.ts';

const DONE = { done: true, value: undefined };

class OverQueue extends PushIterator<string> {
  readonly queue: string[] = [];

  protected override take(): string | undefined {
    return this.queue.shift();
  }
}

/** An iterator over a queue that a test fills. */
function overQueue() {
  const iterator = new OverQueue();
  const release = vi.fn<() => void>();
  iterator.defer(release);
  const push = (...values: string[]) => {
    iterator.queue.push(...values);
    iterator.ready();
  };
  return { iterator, push, release, queue: iterator.queue };
}

describe('a push iterator', () => {
  it('gives values that were pushed before they were read, in order', async () => {
    const { iterator, push } = overQueue();
    push('a', 'b');
    expect(await iterator.next()).toEqual({ done: false, value: 'a' });
    expect(await iterator.next()).toEqual({ done: false, value: 'b' });
  });

  it('resolves several pending reads in order', async () => {
    const { iterator, push } = overQueue();
    const reads = [iterator.next(), iterator.next(), iterator.next()];
    push('a');
    push('b', 'c');
    expect((await Promise.all(reads)).map((result) => result.value)).toEqual(['a', 'b', 'c']);
  });

  it('takes no value before it is read, so that a newer one can replace it', () => {
    const { push, queue } = overQueue();
    push('a', 'b');
    expect(queue).toEqual(['a', 'b']);
  });

  it('releases at once when it is left during a pending read, which ends', async () => {
    const { iterator, release } = overQueue();
    const reads = [iterator.next(), iterator.next()];
    expect(await iterator.return()).toEqual(DONE);
    expect(release).toHaveBeenCalledTimes(1);
    expect(await Promise.all(reads)).toEqual([DONE, DONE]);
    expect(await iterator.next()).toEqual(DONE);
  });

  it('releases when it was never read', async () => {
    const { iterator, release } = overQueue();
    await iterator.return();
    expect(release).toHaveBeenCalledTimes(1);
    expect(await iterator.next()).toEqual(DONE);
  });

  it('releases once, even if it is left or ended several times', async () => {
    const { iterator, release } = overQueue();
    iterator.end();
    iterator.end(new Error('late'));
    await iterator.return();
    await iterator.return();
    await expect(iterator.throw(new Error('mine'))).rejects.toThrow('mine');
    await iterator[Symbol.asyncDispose]();
    iterator.end();
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('gives nothing after it was left, not even ready values', async () => {
    const { iterator, push } = overQueue();
    push('a');
    await iterator.return();
    push('b');
    expect(await iterator.next()).toEqual(DONE);
  });

  it('gives ready values before it ends, and stays ended', async () => {
    const { iterator, push, release } = overQueue();
    push('a', 'b');
    iterator.end();
    expect(release).toHaveBeenCalledTimes(1);
    expect((await iterator.next()).value).toBe('a');
    expect((await iterator.next()).value).toBe('b');
    expect(await iterator.next()).toEqual(DONE);
    expect(await iterator.next()).toEqual(DONE);
  });

  it('ends every pending read when it ends', async () => {
    const { iterator } = overQueue();
    const reads = [iterator.next(), iterator.next()];
    iterator.end();
    expect(await Promise.all(reads)).toEqual([DONE, DONE]);
  });

  it('fails one read with its error after the ready values, and then is done', async () => {
    const { iterator, push } = overQueue();
    push('a');
    iterator.end(new Error('too slow'));
    expect((await iterator.next()).value).toBe('a');
    await expect(iterator.next()).rejects.toThrow('too slow');
    expect(await iterator.next()).toEqual(DONE);
  });

  it('fails the first pending read with its error, and ends the others', async () => {
    const { iterator } = overQueue();
    const [first, second] = [iterator.next(), iterator.next()];
    iterator.end(new Error('too slow'));
    await expect(first).rejects.toThrow('too slow');
    expect(await second).toEqual(DONE);
  });

  it('does not throw its error when it is left before', async () => {
    const { iterator } = overQueue();
    iterator.end(new Error('too slow'));
    expect(await iterator.return()).toEqual(DONE);
    expect(await iterator.next()).toEqual(DONE);
  });

  it('rejects a throw with the thrown error, and ends pending reads', async () => {
    const { iterator, release } = overQueue();
    const read = iterator.next();
    await expect(iterator.throw(new Error('mine'))).rejects.toThrow('mine');
    expect(await read).toEqual(DONE);
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('works in a for await, which releases on break', async () => {
    const { iterator, push, release } = overQueue();
    push('a', 'b', 'c');
    const seen = [];
    for await (const value of iterator) {
      seen.push(value);
      if (value === 'b') break;
    }
    expect(seen).toEqual(['a', 'b']);
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('ends a sink that is attached after its end', async () => {
    const { iterator } = overQueue();
    await iterator.return();
    const end = vi.fn<() => void>();
    iterator.pipe({ write: () => true, end });
    expect(end).toHaveBeenCalledOnce();
  });
});
