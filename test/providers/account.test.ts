import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SegmindAccount } from '../../src/providers/segmind/segmind-account.ts';
import { SharedAccountCredits } from '../../src/store/account-credits.ts';
import type { SharedText } from '../../src/store/shared-text.ts';
import { listening } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MINUTE, SECOND } from '../support/times.ts';
import { html, json, type Reply, silence } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import { API_KEY } from '../support/upstream/session.ts';

const CREDITS_PATH = '/v1/get-user-credits';

/** A call budget that grants what the test sets, and records what is reported to it. */
class Budget {
  grant = { granted: 1, probing: false };
  readonly reports: string[] = [];
  reserved = 0;

  async reserve(): Promise<{ granted: number; probing: boolean }> {
    this.reserved += 1;
    return this.grant;
  }

  async release(calls: number): Promise<void> {
    this.reports.push(`released ${calls}`);
  }

  async onRateLimited(_random: number, retryAfterMs: number | null): Promise<void> {
    this.reports.push(`rate limited for ${retryAfterMs}`);
  }
}

class Text implements SharedText {
  value: string | null = null;
  reads = 0;

  async read(): Promise<string | null> {
    this.reads += 1;
    return this.value;
  }

  async replace(expected: string | null, next: string): Promise<boolean> {
    if (this.value !== expected) return false;
    this.value = next;
    return true;
  }
}

/** Accounts that share a store, a clock, a budget and an upstream with this script. */
async function start(...replies: Reply[]) {
  await using resources = new AsyncDisposableStack();
  const upstream = resources.use(await ScriptedUpstream.start());
  upstream.on('GET', CREDITS_PATH, ...replies);
  const owned = resources.move();
  const clock = new FakeClock();
  const text = new Text();
  const budget = new Budget();
  const warnings: string[] = [];
  const events = listening('fault', ({ level, message }) => {
    if (level === 'warn') warnings.push(message);
  });
  const open = (rpm = 60): SegmindAccount =>
    owned.use(
      new SegmindAccount({
        http: { origin: upstream.origin, apiKey: API_KEY, now: clock.now, events },
        budget,
        credits: new SharedAccountCredits(text, clock.now),
        rpm,
        random: () => 0.5,
      }),
    );
  const asked = () => upstream.requests.length;
  return { clock, text, budget, warnings, open, asked, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Lets the clock run until the account shows these credits. */
function until(account: SegmindAccount, clock: FakeClock, credits: number | null): Promise<void> {
  return expect
    .poll(() => {
      clock.jump(2 * SECOND);
      return account.credits();
    })
    .toBe(credits);
}

describe('the credits of the account', () => {
  it('are asked for once a minute by all instances together', async () => {
    await using started = await start(json(200, { credits: 10 }), json(200, { credits: 9 }));
    const { clock, open, asked } = started;
    const [one, other] = [open(), open()];
    expect([one.credits(), other.credits()]).toEqual([null, null]);
    await until(one, clock, 10);
    await until(other, clock, 10);
    expect(asked()).toBe(1);
    clock.jump(MINUTE);
    await until(other, clock, 9);
    await until(one, clock, 9);
    expect(asked()).toBe(2);
  });

  it('take no more than every 50th call of a small rate limit', async () => {
    await using started = await start(json(200, { credits: 10 }), json(200, { credits: 9 }));
    const { clock, open, text, budget } = started;
    const account = open(5);
    await until(account, clock, 10);
    clock.jump(9 * MINUTE);
    const { reads } = text;
    account.credits();
    await expect.poll(() => text.reads).toBeGreaterThan(reads);
    await nextTurn();
    expect(budget.reserved).toBe(1);
    clock.jump(MINUTE);
    await until(account, clock, 9);
  });

  it('are unknown once they are ten minutes old', async () => {
    await using started = await start(json(200, { credits: 10 }), html(502));
    const { clock, open } = started;
    const account = open();
    await until(account, clock, 10);
    clock.jump(9 * MINUTE);
    expect(account.credits()).toBe(10);
    clock.jump(MINUTE);
    expect(account.credits()).toBeNull();
    await until(account, clock, null);
  });

  it.each([
    [{ credits: 1, 'free-credits': 2 }, 3],
    [{ credits: '1.5' }, 1.5],
    [{ 'free-credits': 0 }, 0],
  ])('are read from %j', async (body, credits) => {
    await using started = await start(json(200, body));
    const account = started.open();
    await until(account, started.clock, credits);
    expect(account.credits()).toBe(credits);
  });

  it.each([[json(200, { credits: null })], [json(200, [])], [html(200)], [json(401, { credits: 5 })]])(
    'are unknown after another answer: %j',
    async (reply) => {
      await using started = await start(reply);
      const account = started.open();
      account.credits();
      await expect.poll(started.asked).toBe(1);
      await until(account, started.clock, null);
      expect(started.text.value).toContain('"known":null');
    },
  );

  it('are not asked for while the call budget is used up, and leave the probe of an upstream that is down to jobs', async () => {
    await using started = await start(json(200, { credits: 10 }));
    const { clock, budget, open, asked, text } = started;
    const account = open();
    budget.grant = { granted: 0, probing: false };
    account.credits();
    await expect.poll(() => text.value).not.toBeNull();
    budget.grant = { granted: 1, probing: true };
    await expect
      .poll(() => {
        clock.jump(30 * SECOND);
        account.credits();
        return budget.reports;
      })
      .toEqual(['released 1']);
    expect(asked()).toBe(0);
  });

  it('report a 429 to the call budget', async () => {
    await using started = await start(json(429, { error: 'slow down' }, { 'retry-after': '7' }));
    started.open().credits();
    await expect.poll(() => started.budget.reports).toEqual(['rate limited for 7000']);
  });

  it('do not keep the account from being disposed', async () => {
    await using started = await start(silence);
    const account = started.open();
    account.credits();
    await expect.poll(started.asked).toBe(1);
    await account[Symbol.asyncDispose]();
    expect(account.credits()).toBeNull();
    expect(started.asked()).toBe(1);
  });
});

it('the check of the key at the start gives the first credits', async () => {
  await using started = await start(json(200, { credits: 10 }));
  const { open, asked, text } = started;
  const account = open();
  account.checkKey();
  await expect.poll(() => text.value).toContain('"usd":10');
  await expect.poll(() => account.credits()).toBe(10);
  expect(asked()).toBe(1);
});
