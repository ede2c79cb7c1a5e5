import { expect, test } from 'vitest';
import { Channel } from '../../packages/client/src/watch/channel.ts';

/** A channel that keeps all unread items. */
function openChannel(): Channel<string> {
  return new Channel<string>({
    signal: undefined,
    add: (unread, item) => unread.push(item),
    start: () => () => {},
  });
}

test('calls of next get the items in the order of the calls', async () => {
  const channel = openChannel();
  const first = channel.next();
  channel.push('one');
  // The first call has not continued yet.
  const second = channel.next();
  channel.push('two');
  expect(await Promise.all([first, second])).toEqual([
    { done: false, value: 'one' },
    { done: false, value: 'two' },
  ]);
});

test('the first of several waiting calls gets the error, the others the end', async () => {
  const channel = openChannel();
  const calls = [channel.next(), channel.next(), channel.next()];
  channel.push('one');
  channel.fail(new Error('lost'));
  expect(await Promise.allSettled(calls)).toMatchObject([
    { value: { value: 'one' } },
    { reason: { message: 'lost' } },
    { value: { done: true } },
  ]);
});
