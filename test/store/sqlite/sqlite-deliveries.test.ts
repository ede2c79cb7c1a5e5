import { expect, it } from 'vitest';
import { MAX_COUNTED } from '../../../src/store/backlog.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { createAndLease } from '../../contract/job-store-cases/opened-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, ownTarget } from '../../support/jobs.ts';
import { MINUTE, NOON } from '../../support/times.ts';
import { openSqlite, runSql } from './open-sqlite.ts';

it('a bounded number of waiting deliveries is counted', async () => {
  await using opened = openSqlite(new FakeClock());
  const { database, commits, quarantine } = opened.store;
  database.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MAX_COUNTED + 10})
    INSERT INTO webhook_deliveries (id, job_id, url, attempts, next_attempt_at)
    SELECT 'wh_' || n, 'vj_' || n, 'https://a.example', 0, ${NOON} - n FROM numbers`);
  const deliveries = new SqliteDeliveries(database, commits, quarantine);
  expect(await deliveries.countWaiting()).toBe(MAX_COUNTED);
});

it('the end of a job is stored also when it is announced already, as after a repair, and announced again', async () => {
  const clock = new FakeClock();
  await using opened = openSqlite(clock);
  const { store, folder } = opened;
  const { database, commits, quarantine } = store;
  const { job, leaseId } = await createAndLease(store, acceptedJob({ webhookUrl: 'https://a.example' }));
  const end = completed(job, NOON);
  const change = { job: end, schedule: null, deliveries: ownTarget(end) };
  expect(await store.save(leaseId, change)).toBe('saved');
  const deliveries = new SqliteDeliveries(database, commits, quarantine);
  for (const leased of await deliveries.lease({ now: NOON, limit: 1, leaseUntil: NOON + MINUTE }))
    await deliveries.settle(leased, { ...leased, attempts: 1, lastStatus: 200, nextAttemptAt: null });
  runSql(
    folder,
    "UPDATE jobs SET version = 1, phase = 'accepted', purge_at = NULL, body = ?",
    JSON.stringify(job),
  );
  expect(await store.save('of another poller', change)).toBe('saved');
  expect(await deliveries.ofJobs([job.id])).toMatchObject([[{ attempts: 0, nextAttemptAt: NOON }]]);
});
