import { ReelgateError } from '@reelgate/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../packages/client/src/connection/connect.ts';

/** How an attempt to connect ends, and for how long the link was ready before; null: it was not. */
interface Attempt {
  readonly code: string;
  readonly readyMs?: number | null;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Connects by links that end as the attempts say; the last one repeats. @returns the times of the attempts, and the end */
async function play(
  attempts: readonly Attempt[],
  token: () => Promise<string> = async () => 'a token',
  ms = 600_000,
) {
  const times: number[] = [];
  const startedAt = performance.now();
  const stop = new AbortController();
  const ended = connect(
    {
      token,
      now: () => performance.now(),
      random: () => 0.5,
      open: (_, events) => {
        const { code, readyMs = null } = attempts[times.length] ?? attempts.at(-1) ?? { code: 'CLOSED' };
        times.push(performance.now() - startedAt);
        if (readyMs !== null) setTimeout(() => events.ready(), 0);
        setTimeout(() => events.ended(new ReelgateError(code, code)), readyMs ?? 0);
        return { start: () => {}, stop: () => {}, close: () => {} };
      },
      onReady: () => {},
      onEnded: () => false,
      onLost: () => {},
    },
    stop.signal,
  ).then(
    ({ code }) => code,
    () => 'still trying',
  );
  await vi.advanceTimersByTimeAsync(ms);
  stop.abort();
  return { times, end: await ended };
}

test('a token that is refused after it was accepted is renewed after growing pauses', async () => {
  const { times, end } = await play([{ code: 'UNAUTHENTICATED', readyMs: 10 }], undefined, 10_000);
  expect(end).toBe('still trying');
  expect(times.slice(0, 4)).toEqual([0, 10, 520, 1530]);
  expect(times.length).toBeLessThan(8);
});

test('a token that expires after a healthy time is renewed at once', async () => {
  const { times } = await play([{ code: 'UNAUTHENTICATED', readyMs: 60_000 }], undefined, 200_000);
  expect(times).toEqual([0, 60_000, 120_000, 180_000]);
});

test('an error of the token function does not make a refused token count as a first refusal', async () => {
  let calls = 0;
  const token = async () => {
    calls += 1;
    if (calls % 2 === 0) throw new Error('no session');
    return 'wrong';
  };
  const { times, end } = await play([{ code: 'UNAUTHENTICATED' }], token);
  expect([end, times.length, calls]).toEqual(['UNAUTHENTICATED', 2, 3]);
});

test('pages of another server end the attempts after about a minute, also when the gateway was there before', async () => {
  const { times, end } = await play([{ code: 'UNREACHABLE', readyMs: 60_000 }, { code: 'NOT_GRAPHQL' }]);
  expect(end).toBe('NOT_GRAPHQL');
  expect(times.at(-1)).toBeGreaterThan(100_000);
  expect(times.at(-1)).toBeLessThan(150_000);
});

test('a page of another server ends the first attempt', async () => {
  const { times, end } = await play([{ code: 'NOT_GRAPHQL' }]);
  expect([end, times]).toEqual(['NOT_GRAPHQL', [0]]);
});

test('an abort while the token is asked for opens no link', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stop = new AbortController();
  let opened = 0;
  const ended = connect(
    {
      token: () => promise,
      now: () => 0,
      random: () => 0,
      open: () => {
        opened += 1;
        return { start: () => {}, stop: () => {}, close: () => {} };
      },
      onReady: () => {},
      onEnded: () => false,
      onLost: () => {},
    },
    stop.signal,
  );
  resolve('a token');
  // The token is there, but `connect` has not continued.
  await promise;
  stop.abort(new Error('closed'));
  await expect(ended).rejects.toThrow('closed');
  expect(opened).toBe(0);
});
