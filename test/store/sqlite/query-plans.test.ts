import { DatabaseSync } from 'node:sqlite';
import { expect, it, vi } from 'vitest';
import { SqliteBacklog } from '../../../src/store/sqlite/sqlite-backlog.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteFileTasks } from '../../../src/store/sqlite/sqlite-file-tasks.ts';
import { SqliteOperatorActions } from '../../../src/store/sqlite/sqlite-operator-actions.ts';
import { SqliteSubmissions } from '../../../src/store/sqlite/sqlite-submissions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openSqlite } from './open-sqlite.ts';

/** Tables with a row for each job of the history. */
const HISTORY =
  /^(SCAN|SEARCH) (jobs|charged_jobs|charged_counts|idempotency_keys|file_tasks|video_data|upstream_requests|webhook_deliveries)\b/;
/**
 * Indexes of the unfinished jobs, the waiting deliveries or the failing ones alone, which may be read as a whole; and that of the file tasks
 * by their time, whose first entries are read in order.
 */
const OF_WORK =
  /^SCAN \w+ USING (COVERING )?INDEX (jobs_by_due|jobs_by_deadline|jobs_accepted|webhook_deliveries_by_time|webhook_deliveries_failing|file_tasks_by_time)$/;

it('no statement of the store visits or sorts all rows of the history', async () => {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const clock = new FakeClock();
  await using opened = openSqlite(clock);
  const { database, commits, quarantine } = opened.store;
  const ports = [
    new SqliteBacklog({ database, quarantine, now: clock.now }),
    new SqliteDeliveries(database, commits, quarantine),
    new SqliteFileTasks(database, commits),
    new SqliteOperatorActions({ database, commits, quarantine, publishWork: () => {} }),
    new SqliteSubmissions(database, commits, clock.now),
  ];
  const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  expect([ports.length, statements.size > 80]).toEqual([5, true]);
  const plans = [...statements].map((sql) => ({ sql, steps: planOf(database, sql) }));
  expect(plans.filter(({ steps }) => steps.some(isScan))).toEqual([]);
  // Nothing is sorted but the rows that the caller names.
  const sorted = plans.filter(({ steps }) => steps.some((step) => step.includes('TEMP B-TREE')));
  expect(sorted.filter(({ sql }) => !sql.includes('json_each(:rows)'))).toEqual([]);
  // The page of a list is a range of its index, in order: nothing is skipped.
  const list = plans.find(({ sql }) => /SELECT id FROM jobs[^]*ORDER BY id DESC/.test(sql))?.steps ?? [];
  expect(list).toContain(
    'SEARCH jobs USING COVERING INDEX jobs_by_owner_and_phase (owner_id=? AND phase=? AND id>? AND id<?)',
  );
});

function planOf(database: DatabaseSync, sql: string): string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
}

function isScan(step: string): boolean {
  return HISTORY.test(step) && step.startsWith('SCAN') && !OF_WORK.test(step);
}
