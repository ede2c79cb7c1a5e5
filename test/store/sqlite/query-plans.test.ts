import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../../src/store/sqlite/database/migrations.ts';
import { prepareStatements } from '../../../src/store/sqlite/database/statements.ts';

/** Tables with a row for each job of the history. */
const HISTORY =
  /^(SCAN|SEARCH) (jobs|charged_jobs|charged_counts|idempotency_keys|file_tasks|video_data|upstream_requests|webhook_deliveries)\b/;
/** Indexes of the unfinished jobs alone, which may be read as a whole. */
const OF_UNFINISHED = /^SCAN jobs USING (COVERING )?INDEX (jobs_by_due|jobs_by_deadline|jobs_accepted)$/;

it('no statement of the store visits all rows of the history', () => {
  using database = new DatabaseSync(':memory:');
  migrate(database);
  const plans = Object.entries(prepareStatements(database)).map(([name, { sourceSQL }]) => {
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all();
    return { name, steps: steps.map(({ detail }) => String(detail)).filter((step) => HISTORY.test(step)) };
  });
  const used = plans.flatMap(({ name, steps }) => steps.map((step) => `${name}: ${step}`));
  expect(plans.filter(({ steps }) => steps.some(isScan))).toEqual([]);
  // The page of a list is a range of its index, in order: nothing is sorted and nothing is skipped.
  expect(used).toContain(
    'listDescending: SEARCH jobs USING COVERING INDEX jobs_by_owner_and_phase (owner_id=? AND phase=? AND id>? AND id<?)',
  );
  const list = prepareOf(database, 'listDescending');
  expect(list.some((detail) => detail.includes('TEMP B-TREE'))).toBe(false);
});

function prepareOf(database: DatabaseSync, name: 'listDescending'): string[] {
  database.exec(
    'DROP TABLE leases; DROP TABLE file_leases; DROP TABLE delivery_leases; DROP TABLE unreadable',
  );
  const { sourceSQL } = prepareStatements(database)[name];
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`)
    .all()
    .map(({ detail }) => String(detail));
}

function isScan(step: string): boolean {
  return step.startsWith('SCAN') && !OF_UNFINISHED.test(step);
}
