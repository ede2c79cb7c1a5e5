import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { leaseAll, createAndLease } from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { MINUTE, NOON } from '../../support/times.ts';
import { openSqlite } from './open-sqlite.ts';

it('leases jobs without writing to the disk', async () => {
  await using opened = openSqlite({ now: () => NOON });
  const { store, folder } = opened;
  const leased = await createAndLease(store, acceptedJob());
  using other = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  // The value changes with every commit of another connection.
  const version = () => other.prepare('PRAGMA data_version').get()?.['data_version'];
  const before = version();
  expect(await leaseAll(store, NOON)).toEqual([]);
  const [again] = await leaseAll(store, NOON + MINUTE);
  expect(again?.job).toEqual(leased.job);
  expect(version()).toBe(before);
  await store.release(again ?? leased, { runAt: NOON, failureCount: 0, lastPolledAt: null });
  expect(version()).not.toBe(before);
});
