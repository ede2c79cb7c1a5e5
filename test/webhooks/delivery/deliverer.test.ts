import { expect, it, vi } from 'vitest';
import type { MessageOutcome } from '../../../src/providers/message-client.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { settled } from '../../support/fake-clock.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { DelivererHarness, status, URL_A, URL_B } from './deliverer-harness.ts';

const NO_ANSWER: MessageOutcome = { type: 'unanswered', reason: 'No answer came within 10 seconds.' };

it('delivers the message about a job soon after its end, once', async () => {
  await using harness = new DelivererHarness();
  harness.deliverer.start();
  await harness.clock.advance(10 * SECOND);
  const job = await harness.end(URL_A);
  await harness.clock.advance(HOUR);
  expect(harness.sent).toHaveLength(1);
  expect(harness.timesOf(URL_A, NOON + 10 * SECOND)[0]).toBeLessThanOrEqual(SECOND);
  expect(await harness.stored(job)).toMatchObject({
    attempts: 1,
    lastStatus: 200,
    lastError: null,
    nextAttemptAt: null,
    deliveredAt: harness.sent[0]?.at,
  });
  expect(harness.reports).toMatchObject([
    { jobId: job.id, host: 'a.example.com', outcome: 'delivered', attempt: 1, status: 200, reason: null },
  ]);
});

it('tries a failing target twice within 30 seconds, then less and less over three days, and gives up', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => status(500);
  harness.deliverer.start();
  const job = await harness.end(URL_A);
  await harness.passDays(5);
  const times = harness.timesOf(URL_A, NOON);
  expect(times.filter((at) => at <= 30 * SECOND)).toHaveLength(3);
  expect(times).toHaveLength(15);
  expect((times.at(-1) ?? 0) / DAY).toBeCloseTo(3, 1);
  expect(await harness.stored(job)).toMatchObject({
    attempts: 15,
    lastStatus: 500,
    lastError: 'The target answered 500.',
    nextAttemptAt: null,
    deliveredAt: null,
  });
  const outcomes = harness.reports.map(({ outcome }) => outcome);
  expect(outcomes).toEqual([...Array.from({ length: 14 }, () => 'retry'), 'failed']);
  expect(harness.faults).toMatchObject([
    { level: 'warn', details: { jobId: job.id, host: 'a.example.com' } },
  ]);
});

it('delivers to a target that is back', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => (harness.sent.length < 4 ? NO_ANSWER : status(204));
  harness.deliverer.start();
  const job = await harness.end(URL_A);
  await harness.clock.advance(HOUR);
  expect(await harness.stored(job)).toMatchObject({
    attempts: 4,
    lastStatus: 204,
    lastError: null,
    nextAttemptAt: null,
  });
});

it('stops at 410, and follows no redirect', async () => {
  await using harness = new DelivererHarness();
  harness.answer = ({ url }) => status(url.href === URL_A ? 410 : 302);
  harness.deliverer.start();
  const gone = await harness.end(URL_A);
  const moved = await harness.end(URL_B);
  await harness.clock.advance(MINUTE / 2);
  expect(harness.timesOf(URL_A, NOON)).toHaveLength(1);
  expect(harness.timesOf(URL_B, NOON)).toHaveLength(3);
  const lastError = 'The target answered 410: it wants no more messages.';
  expect(await harness.stored(gone)).toMatchObject({ lastStatus: 410, lastError, nextAttemptAt: null });
  expect(await harness.stored(moved)).toMatchObject({
    lastError: 'The target answered 302: redirects are not followed.',
  });
});

it('does not let many deliveries to a hanging target delay others', async () => {
  await using harness = new DelivererHarness();
  harness.answer = async ({ url, signal }) => {
    if (url.href !== URL_A) return status(200);
    await harness.clock.sleep(10 * SECOND, signal);
    return NO_ANSWER;
  };
  const stuck = [];
  for (let count = 0; count < 200; count += 1) stuck.push(await harness.end(URL_A));
  harness.deliverer.start();
  await harness.clock.advance(MINUTE);
  for (let count = 0; count < 20; count += 1) {
    await harness.end(URL_B);
    await harness.clock.advance(3 * SECOND);
  }
  const late = harness.timesOf(URL_B, NOON + MINUTE).map((at, index) => at - index * 3 * SECOND);
  expect(late).toHaveLength(20);
  expect(Math.max(...late)).toBeLessThanOrEqual(SECOND);
  // The target gets one request at a time.
  expect(harness.timesOf(URL_A, NOON).filter((at) => at > MINUTE).length).toBeLessThanOrEqual(6);
  harness.answer = () => status(200);
  await harness.clock.advance(10 * MINUTE);
  expect(await Promise.all(stuck.map(async (job) => (await harness.stored(job)).deliveredAt))).not.toContain(
    null,
  );
});

it('does not let several owners with many hanging targets delay another owner', async () => {
  await using harness = new DelivererHarness();
  harness.answer = async ({ url, signal }) => {
    if (url.href === URL_B) return status(200);
    await harness.clock.sleep(10 * SECOND, signal);
    return NO_ANSWER;
  };
  for (let count = 0; count < 400; count += 1)
    await harness.end(`https://hanging-${count % 32}.example.com/`, { ownerId: `mallory-${count % 5}` });
  harness.deliverer.start();
  for (let count = 0; count < 10; count += 1) {
    await harness.end(URL_B);
    await harness.clock.advance(3 * SECOND);
  }
  const late = harness.timesOf(URL_B, NOON).map((at, index) => at - index * 3 * SECOND);
  expect(late).toHaveLength(10);
  expect(Math.max(...late)).toBeLessThanOrEqual(SECOND);
});

it('sends again what a worker that died has leased, and not what another worker sends', async () => {
  await using harness = new DelivererHarness();
  const job = await harness.end(URL_A);
  // This worker died.
  await harness.deliveries.lease({ now: NOON, limit: 1, leaseUntil: NOON + MINUTE });
  const other = harness.addDeliverer();
  harness.deliverer.start();
  other.start();
  await harness.clock.advance(HOUR);
  expect(harness.timesOf(URL_A, NOON)).toEqual([MINUTE]);
  expect((await harness.stored(job)).deliveredAt).not.toBeNull();
  await other.stop(0);
});

it('sends no message that it may not send any more, and gives it up after three days', async () => {
  await using harness = new DelivererHarness();
  harness.messageOf = () => ({ reason: 'The URL must be an https URL.' });
  harness.deliverer.start();
  const job = await harness.end(URL_A);
  await harness.clock.advance(MINUTE);
  const lastError = 'The URL must be an https URL.';
  expect(await harness.stored(job)).toMatchObject({ attempts: 0, lastError });
  await harness.passDays(4);
  expect(await harness.stored(job)).toMatchObject({ attempts: 0, nextAttemptAt: null });
  expect(harness.sent).toEqual([]);
  expect(harness.reports).toMatchObject([
    { outcome: 'failed', attempt: null, status: null, reason: lastError, durationMs: 0 },
  ]);
});

it('aborts the attempts in progress at a stop, after the grace, and leaves them to other workers', async () => {
  await using harness = new DelivererHarness();
  const job = await harness.end(URL_A);
  harness.answer = async ({ signal }) => {
    await harness.clock.sleep(DAY, signal);
    return NO_ANSWER;
  };
  harness.deliverer.start();
  await settled();
  const stopped = harness.deliverer.stop(5 * SECOND);
  await harness.clock.advance(5 * SECOND);
  await stopped;
  expect(await harness.stored(job)).toMatchObject({ attempts: 0, nextAttemptAt: NOON + 5 * SECOND });
  expect(harness.clock.sleeping).toBe(0);
});

it('leaves a message that cannot be written for later, and goes on with others', async () => {
  await using harness = new DelivererHarness();
  const broken = await harness.end(URL_A);
  const { messageOf } = harness;
  harness.messageOf = (delivery, now) => {
    if (delivery.jobId === broken.id) throw new Error('It cannot be written.');
    return messageOf(delivery, now);
  };
  harness.deliverer.start();
  await harness.end(URL_A);
  await harness.clock.advance(10 * SECOND);
  expect(harness.sent).toHaveLength(1);
  expect(harness.faults).toMatchObject([{ part: 'deliveries', details: { jobId: broken.id } }]);
  const lastError = 'The gateway cannot write the message.';
  expect(await harness.stored(broken)).toMatchObject({ attempts: 0, lastError });
  await harness.passDays(4);
  expect(await harness.stored(broken)).toMatchObject({ attempts: 0, nextAttemptAt: null });
  // The pauses grow.
  expect(harness.faults.length).toBeLessThan(100);
});

it('begins all attempts anew for a message that is to be sent again', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => status(500);
  harness.deliverer.start();
  const job = await harness.end(URL_A);
  await harness.passDays(5);
  expect(harness.sent).toHaveLength(15);
  await harness.deliveries.makeDue((await harness.stored(job)).id, harness.clock.now());
  await harness.clock.advance(30 * SECOND);
  expect(harness.sent).toHaveLength(18);
  await harness.passDays(5);
  expect(harness.sent).toHaveLength(30);
  expect(await harness.stored(job)).toMatchObject({ attempts: 15, nextAttemptAt: null });
});

it('does not report a message as given up that was to be sent again during its last attempt', async () => {
  await using harness = new DelivererHarness();
  const job = await harness.end(URL_A);
  const { id } = await harness.stored(job);
  harness.answer = async () => {
    if (harness.sent.length === 1) await harness.deliveries.makeDue(id, harness.clock.now());
    return status(410);
  };
  harness.deliverer.start();
  await harness.clock.advance(HOUR);
  expect(harness.sent).toHaveLength(2);
  expect(harness.reports.map(({ outcome }) => outcome)).toEqual(['retry', 'failed']);
  expect(harness.faults).toHaveLength(1);
});

it('does not report a message as given up that another worker has leased meanwhile', async () => {
  await using harness = new DelivererHarness();
  await harness.end(URL_A);
  harness.answer = async () => {
    // The lease has run out.
    harness.clock.jump(MINUTE);
    const now = harness.clock.now();
    await harness.deliveries.lease({ now, limit: 1, leaseUntil: now + DAY });
    return status(410);
  };
  harness.deliverer.start();
  await harness.clock.advance(SECOND);
  expect(harness.reports.map(({ outcome }) => outcome)).toEqual(['retry']);
  expect(harness.faults).toEqual([]);
});

it('sends an old message again when its target answers, though it does not at first', async () => {
  await using harness = new DelivererHarness();
  harness.deliverer.start();
  const old = await harness.end(URL_A);
  await harness.passDays(5);
  harness.answer = async ({ signal }) => {
    await harness.clock.sleep(10 * SECOND, signal);
    return NO_ANSWER;
  };
  for (let count = 0; count < 20; count += 1) await harness.end(URL_A);
  await harness.clock.advance(MINUTE);
  await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  await harness.deliveries.makeDue((await harness.stored(old)).id, harness.clock.now());
  await harness.clock.advance(SECOND);
  expect((await harness.stored(old)).nextAttemptAt).not.toBeNull();
  harness.answer = () => status(200);
  const before = harness.sent.length;
  await harness.clock.advance(5 * MINUTE);
  expect(harness.sent.slice(before).map(({ jobId }) => jobId)).toContain(old.id);
});

it('sends no message again because its result cannot be stored, and stores the result when it can', async () => {
  await using harness = new DelivererHarness();
  const settle = vi.spyOn(harness.deliveries, 'settle');
  settle.mockRejectedValue(new StoreUnavailableError('The disk is full.'));
  harness.answer = ({ url }) => status(url.href === URL_A ? 200 : 500);
  harness.deliverer.start();
  const accepted = await harness.end(URL_A);
  const failing = await harness.end(URL_B);
  await harness.clock.advance(HOUR);
  expect(harness.sent).toHaveLength(2);
  settle.mockRestore();
  await harness.clock.advance(MINUTE);
  const { deliveredAt } = await harness.stored(accepted);
  expect((deliveredAt ?? Infinity) - NOON).toBeLessThan(2 * SECOND);
  expect(harness.timesOf(URL_A, NOON)).toHaveLength(1);
  // The pause of the failed attempt is over.
  expect(harness.timesOf(URL_B, NOON + HOUR).filter((at) => at > 0)).not.toHaveLength(0);
  expect(await harness.stored(failing)).toMatchObject({ attempts: harness.timesOf(URL_B, NOON).length });
  expect(harness.reports.slice(0, 2).map(({ durationMs }) => durationMs)).toEqual([0, 0]);
});

it('sends a message whose result could not be stored again when it was to be sent again meanwhile', async () => {
  await using harness = new DelivererHarness();
  const settle = vi.spyOn(harness.deliveries, 'settle');
  settle.mockRejectedValue(new StoreUnavailableError('The disk is full.'));
  harness.deliverer.start();
  const job = await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  settle.mockRestore();
  await harness.deliveries.makeDue((await harness.stored(job)).id, harness.clock.now());
  await harness.clock.advance(MINUTE);
  expect(harness.sent).toHaveLength(2);
});
