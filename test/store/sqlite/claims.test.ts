import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { claimAll, createAndClaim } from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { MINUTE, NOON } from '../../support/times.ts';
import { openSqlite } from './open-sqlite.ts';

it('claims jobs without writing to the disk', async () => {
  await using opened = openSqlite({ now: () => NOON });
  const { store, folder } = opened;
  const claim = await createAndClaim(store, acceptedJob());
  using other = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  // Changes with every commit of others.
  const version = () => other.prepare('PRAGMA data_version').get()?.['data_version'];
  const before = version();
  expect(await claimAll(store, NOON)).toEqual([]);
  const [again] = await claimAll(store, NOON + MINUTE);
  expect(again?.job).toEqual(claim.job);
  expect(version()).toBe(before);
  await store.release(again ?? claim, { runAt: NOON, failureCount: 0, lastPolledAt: null });
  expect(version()).not.toBe(before);
});
