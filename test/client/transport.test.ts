import { expect, test } from 'vitest';
import { TransportChoice } from '../../packages/client/src/connection/transport.ts';

const MINUTE = 60_000;

/** Plays attempts, each with its outcome. @returns the transports that were used, with `!` when the next attempt needs no pause */
function play(choice: TransportChoice, ...outcomes: readonly boolean[]): string[] {
  return outcomes.map((works) => choice.name + (choice.ended(works) ? '!' : ''));
}

test('event streams are tried at once when a WebSocket fails, and both in turn while the gateway is away', () => {
  const choice = new TransportChoice(true, () => 0);
  expect(play(choice, false, false, false, false)).toEqual([
    'web-socket!',
    'event-streams',
    'web-socket!',
    'event-streams',
  ]);
});

test('a WebSocket that worked is opened again', () => {
  const choice = new TransportChoice(true, () => 0);
  expect(play(choice, true, true)).toEqual(['web-socket', 'web-socket']);
});

test('event streams that work are kept for five minutes, then a WebSocket is tried', () => {
  let now = 0;
  const choice = new TransportChoice(true, () => now);
  expect(play(choice, false, true, true)).toEqual(['web-socket!', 'event-streams', 'event-streams']);
  now = 5 * MINUTE;
  expect(play(choice, true, true)).toEqual(['event-streams', 'web-socket']);
});

test('without WebSockets there are event streams only', () => {
  const choice = new TransportChoice(false, () => 0);
  expect(play(choice, false, true, false)).toEqual(Array(3).fill('event-streams'));
});
