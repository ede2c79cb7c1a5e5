import { expect, it } from 'vitest';
import { MAX_COUNTED } from '../../../src/store/backlog.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { NOON } from '../../support/times.ts';
import { openSqlite } from './open-sqlite.ts';

it('the backlog counts a bounded number of deliveries, the longest due first', async () => {
  await using opened = openSqlite(new FakeClock());
  const { database, commits } = opened.store;
  database.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MAX_COUNTED + 10})
    INSERT INTO webhook_deliveries (id, job_id, url, attempts, next_attempt_at)
    SELECT 'wh_' || n, 'vj_' || n, 'https://a.example', 0, ${NOON} - n FROM numbers`);
  const deliveries = new SqliteDeliveries(database, commits);
  expect(await deliveries.backlog()).toEqual({ waiting: MAX_COUNTED, oldestDueAt: NOON - MAX_COUNTED - 10 });
});
