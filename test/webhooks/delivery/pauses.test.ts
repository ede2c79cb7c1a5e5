import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { DelivererHarness, status, URL_A, URL_B } from './deliverer-harness.ts';

it('sends nothing to a target for as long as it asks for', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => (harness.sent.length === 1 ? status(503, 2 * MINUTE) : status(200));
  harness.deliverer.start();
  await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  await harness.end(URL_A);
  await harness.end(URL_B);
  await harness.clock.advance(HOUR);
  const [first = 0, ...later] = harness.timesOf(URL_A, NOON);
  expect(later).toHaveLength(2);
  expect(Math.min(...later) - first).toBeGreaterThanOrEqual(2 * MINUTE);
  expect(harness.timesOf(URL_B, NOON)[0]).toBeLessThan(5 * SECOND);
});

it('sends the messages of other owners to an origin that asks one owner for a pause', async () => {
  await using harness = new DelivererHarness();
  harness.answer = ({ url }) => (url.href === URL_A ? status(503, DAY) : status(200));
  harness.deliverer.start();
  await harness.end(URL_A, { ownerId: 'mallory' });
  await harness.clock.advance(2 * SECOND);
  const shared = new URL('/other', URL_A).href;
  await harness.end(shared, { ownerId: 'ada' });
  await harness.clock.advance(2 * SECOND);
  expect(harness.timesOf(shared, NOON)).toHaveLength(1);
});

it('says why a message waits for a pause, which a call to send it again ends', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => (harness.sent.length === 1 ? status(503, DAY) : status(200));
  harness.deliverer.start();
  await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  const job = await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  const { id, ...waiting } = await harness.stored(job);
  expect(waiting).toMatchObject({ attempts: 0, lastError: 'The target has asked for a pause.' });
  await harness.deliveries.makeDue(id, harness.clock.now());
  await harness.clock.advance(SECOND);
  expect(await harness.stored(job)).toMatchObject({ attempts: 1, lastStatus: 200, lastError: null });
  const next = await harness.end(URL_A);
  await harness.clock.advance(SECOND);
  expect((await harness.stored(next)).deliveredAt).not.toBeNull();
});

it('keeps a pause that its target asks for while many messages are sent again', async () => {
  await using harness = new DelivererHarness();
  harness.answer = () => status(503, DAY);
  harness.deliverer.start();
  const jobs = [];
  for (let count = 0; count < 60; count += 1) jobs.push(await harness.end(URL_A));
  await harness.clock.advance(MINUTE);
  const sentBefore = harness.sent.length;
  for (const job of jobs) {
    const { id } = await harness.stored(job);
    await harness.deliveries.makeDue(id, harness.clock.now());
  }
  await harness.clock.advance(10 * MINUTE);
  // As many as begin before the first answer: an origin gets at most 32 requests at a time.
  expect(harness.sent.length - sentBefore).toBeLessThanOrEqual(32);
});
