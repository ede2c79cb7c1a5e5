import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import {
  type Delivery,
  deliveryIdOf,
  type DeliveryResult,
  type LeasedDelivery,
  UNREADABLE_PAUSE_MS,
  type WebhookDeliveries,
} from '../../../src/store/webhook-deliveries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed } from '../../support/jobs.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { createAndLease, type OpenedStore, present } from './opened-store.ts';

/** An open, empty store with its queue of deliveries. */
export interface OpenedDeliveries extends OpenedStore {
  readonly deliveries: WebhookDeliveries;
  /** Makes the job of a delivery unreadable. @returns a function that repairs it */
  readonly spoilJob: (delivery: Delivery) => Promise<() => Promise<void>>;
}

const URL_A = 'https://a.example.com/hook?x=1&y="2"';
const URL_B = 'https://b.example.com/hook';
/** What `settle` returns for a delivery that is not sent again. */
const DONE = { nextAttemptAt: null };

/** Cases of the `WebhookDeliveries` port, and of the store's part in it. */
export function deliveryCases(open: (clock: FakeClock) => Promise<OpenedDeliveries>): void {
  let opened: OpenedDeliveries;
  let clock: FakeClock;
  let deliveries: WebhookDeliveries;
  let store: JobStore;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
    ({ store, deliveries } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  const lease = (limit = 100, leaseUntil = clock.now() + MINUTE) =>
    deliveries.lease({ now: clock.now(), limit, leaseUntil });

  /** Creates a job and completes it, with messages to targets. */
  async function finish(urls: readonly string[], change: { createdAt?: number } = {}): Promise<Job> {
    const { job, leaseId } = await createAndLease(store, acceptedJob(change));
    const next = completed(job, clock.now());
    const messages = urls.map((url) => ({ id: deliveryIdOf(next, url), url }));
    const end = { job: next, schedule: null, deliveries: messages };
    expect(await store.save(leaseId, end)).toBe('saved');
    // A repeated save succeeds and adds nothing.
    expect(await store.save(leaseId, end)).toBe('saved');
    return next;
  }

  const leaseAfter = async (ms: number) => {
    clock.jump(ms);
    return leaseIds(100);
  };
  const leaseIds = async (limit: number) => (await lease(limit)).map(({ jobId }) => jobId);
  const failing = async (limit: number) => (await deliveries.findFailing(limit)).map(({ jobId }) => jobId);
  const ofJob = async ({ id }: Job) => present((await deliveries.ofJobs([id]))[0]);

  it('has none at first', async () => {
    expect(await lease()).toEqual([]);
    expect(await deliveries.nextDueAt()).toBeNull();
    expect(await deliveries.countWaiting()).toBe(0);
    expect(await deliveries.findFailing(10)).toEqual([]);
    expect(await deliveries.makeDue('wh_0123456789_vj_none', NOON)).toBeNull();
  });

  it('gets the messages of the save that ends a job, due at once', async () => {
    const job = await finish([URL_A, URL_B]);
    const delivery = (url: string): Delivery => ({
      id: deliveryIdOf(job, url),
      jobId: job.id,
      url,
      job,
      attempts: 0,
      lastStatus: null,
      lastError: null,
      nextAttemptAt: NOON,
      deliveredAt: null,
      resentAt: null,
    });
    const both = [delivery(URL_A), delivery(URL_B)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(await deliveries.ofJobs([job.id, 'vj_none'])).toEqual([both, []]);
    expect([await deliveries.countWaiting(), await deliveries.nextDueAt()]).toEqual([2, NOON]);
    const leased = await lease();
    expect(leased.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      both.map((one) => expect.objectContaining(one)),
    );
    expect(await lease()).toEqual([]);
  });

  it('gets nothing from a save that is superseded', async () => {
    const job = await finish([]);
    const message = { id: deliveryIdOf(job, URL_A), url: URL_A };
    const late = { job: { ...job, updatedAt: NOON + 1 }, schedule: null, deliveries: [message] };
    expect(await store.save('of another', late)).toBe('superseded');
    expect(await ofJob(job)).toEqual([]);
    expect(await deliveries.nextDueAt()).toBeNull();
  });

  it('leases the longest due first, up to the limit, each to one of several workers', async () => {
    const jobs: Job[] = [];
    for (let index = 0; index < 12; index += 1) {
      jobs.push(await finish([URL_A], { createdAt: clock.now() }));
      clock.jump(SECOND);
    }
    expect(await leaseIds(2)).toEqual(jobs.slice(0, 2).map(({ id }) => id));
    const rest = (await Promise.all([leaseIds(4), leaseIds(4), leaseIds(4), leaseIds(4)])).flat();
    expect(rest.toSorted()).toEqual(jobs.slice(2).map(({ id }) => id));
  });

  it('leases again once the lease has run out, and ignores the result of the first worker', async () => {
    const job = await finish([URL_A]);
    const first = present((await lease())[0]);
    expect(await deliveries.nextDueAt()).toBe(NOON + MINUTE);
    clock.jump(MINUTE - 1);
    expect(await lease()).toEqual([]);
    clock.jump(1);
    const second = present((await lease())[0]);
    expect(second.leaseId).not.toBe(first.leaseId);
    expect(await deliveries.settle(first, accepted(first))).toBeNull();
    const later = { nextAttemptAt: NOON + HOUR };
    expect(await deliveries.settle(second, refused(second, NOON + HOUR))).toEqual(later);
    expect(await deliveries.settle(second, accepted(second))).toBeNull();
    expect(await ofJob(job)).toMatchObject([
      { attempts: 1, lastStatus: 500, lastError: 'It answered 500.', nextAttemptAt: NOON + HOUR },
    ]);
    expect(await deliveries.nextDueAt()).toBe(NOON + HOUR);
    clock.jump(HOUR);
    expect(await lease()).toMatchObject([{ attempts: 1, lastError: 'It answered 500.', job }]);
  });

  it('shows failing deliveries, the newest job first, until they are delivered', async () => {
    const jobs = [await finish([URL_A]), await finish([URL_A]), await finish([URL_B]), await finish([URL_A])];
    for (const leased of await lease())
      if (leased.url === URL_A) await deliveries.settle(leased, refused(leased, NOON + SECOND));
    const [first = '', second = '', , last = ''] = jobs.map(({ id }) => id);
    expect(await failing(10)).toEqual([last, second, first]);
    expect(await failing(2)).toEqual([last, second]);
    clock.jump(SECOND);
    for (const leased of await lease(2)) await deliveries.settle(leased, accepted(leased));
    expect(await failing(10)).toHaveLength(1);
  });

  it('sends a delivered or given up one again when it is made due', async () => {
    const job = await finish([URL_A]);
    const leased = present((await lease())[0]);
    const { id } = leased;
    expect(await deliveries.settle(leased, accepted(leased))).toEqual(DONE);
    expect(await deliveries.nextDueAt()).toBeNull();
    expect(await deliveries.countWaiting()).toBe(0);
    clock.jump(HOUR);
    expect(await deliveries.makeDue(id, clock.now())).toMatchObject({
      nextAttemptAt: clock.now(),
      deliveredAt: NOON,
      attempts: 0,
      lastStatus: 200,
      resentAt: clock.now(),
      job,
    });
    const again = present((await lease())[0]);
    expect(again).toMatchObject({ id, url: URL_A, attempts: 0, deliveredAt: NOON, resentAt: NOON + HOUR });
    await deliveries.settle(again, refused(again, NOON + 2 * HOUR));
    expect(await ofJob(job)).toMatchObject([{ attempts: 1, lastStatus: 500, resentAt: NOON + HOUR }]);
  });

  it.each([
    ['fails for the last time', (leased: LeasedDelivery) => ({ ...refused(leased, 0), nextAttemptAt: null })],
    ['fails and waits', (leased: LeasedDelivery) => refused(leased, NOON + HOUR)],
    ['is put off', (leased: LeasedDelivery) => ({ ...leased, nextAttemptAt: NOON + HOUR })],
    ['is accepted', accepted],
  ])('is sent again when it was made due during an attempt that %s', async (_, resultOf) => {
    const job = await finish([URL_A]);
    const first = present((await lease())[0]);
    await deliveries.settle(first, refused(first, NOON + SECOND));
    clock.jump(SECOND);
    const leased = present((await lease())[0]);
    clock.jump(1);
    const resentAt = clock.now();
    const due = { id: leased.id, attempts: 0, nextAttemptAt: resentAt, resentAt };
    expect(await deliveries.makeDue(leased.id, resentAt)).toMatchObject(due);
    // Not at the same time.
    expect(await lease()).toEqual([]);
    const result = resultOf(leased);
    expect(await deliveries.settle(leased, result)).toEqual({ nextAttemptAt: resentAt });
    const { lastStatus, lastError, deliveredAt } = result;
    expect(await ofJob(job)).toMatchObject([{ ...due, lastStatus, lastError, deliveredAt }]);
    expect(await deliveries.nextDueAt()).toBe(resentAt);
    const again = present((await lease())[0]);
    expect(again).toMatchObject(due);
    expect(await deliveries.settle(again, { ...refused(again, 0), nextAttemptAt: null })).toEqual(DONE);
    expect(await ofJob(job)).toMatchObject([{ attempts: 1, nextAttemptAt: null, resentAt }]);
    expect(await deliveries.nextDueAt()).toBeNull();
  });

  it('outlives its deleted job while it waits', async () => {
    const job = await finish([URL_A, URL_B]);
    const [done, waiting] = await lease();
    await deliveries.settle(present(done), accepted(present(done)));
    await deliveries.settle(present(waiting), refused(present(waiting), NOON + HOUR));
    expect(await store.remove(job)).toBe('removed');
    clock.jump(HOUR);
    const again = await lease();
    expect(again).toMatchObject([{ url: waiting?.url, job, attempts: 1 }]);
    expect(await deliveries.settle(present(again[0]), accepted(present(again[0])))).toEqual(DONE);
    expect(await ofJob(job)).toEqual([]);
    expect(await deliveries.findFailing(10)).toEqual([]);
    expect(await deliveries.nextDueAt()).toBeNull();
  });

  it('disappears with its job when it does not wait', async () => {
    const job = await finish([URL_A]);
    const leased = present((await lease())[0]);
    await deliveries.settle(leased, { ...refused(leased, 0), nextAttemptAt: null });
    expect(await deliveries.findFailing(10)).toHaveLength(1);
    await store.remove(job);
    expect(await ofJob(job)).toEqual([]);
    expect(await deliveries.findFailing(10)).toEqual([]);
    expect(await deliveries.makeDue(leased.id, NOON)).toBeNull();
  });

  it('waits when its job cannot be read, is reported once, and holds up no other', async () => {
    const spoiled = await finish([URL_A]);
    const repair = await opened.spoilJob(present((await ofJob(spoiled))[0]));
    const job = await finish([URL_A]);
    expect(await lease()).toMatchObject([{ jobId: job.id }]);
    expect(await deliveries.ofJobs([spoiled.id, job.id])).toMatchObject([[], [{ jobId: job.id }]]);
    expect(await deliveries.nextDueAt()).toBe(NOON + MINUTE);
    expect(await leaseAfter(UNREADABLE_PAUSE_MS)).toEqual([job.id]);
    expect(opened.unreadable).toHaveLength(1);
    await repair();
    expect(await leaseAfter(UNREADABLE_PAUSE_MS)).toEqual([job.id, spoiled.id]);
  });
}

function accepted({ attempts }: LeasedDelivery): DeliveryResult {
  return {
    attempts: attempts + 1,
    lastStatus: 200,
    lastError: null,
    nextAttemptAt: null,
    deliveredAt: NOON,
  };
}

function refused({ attempts, deliveredAt }: LeasedDelivery, nextAttemptAt: number): DeliveryResult {
  return {
    attempts: attempts + 1,
    lastStatus: 500,
    lastError: 'It answered 500.',
    nextAttemptAt,
    deliveredAt,
  };
}
