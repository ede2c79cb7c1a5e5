import { describe } from 'vitest';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteFileTasks } from '../../../src/store/sqlite/sqlite-file-tasks.ts';
import { deliveryCases } from '../../contract/job-store-cases/deliveries.ts';
import { fileTaskCases } from '../../contract/job-store-cases/file-tasks.ts';
import { promptCases } from '../../contract/job-store-cases/prompts.ts';
import { removalCases, removalLimitCases } from '../../contract/job-store-cases/removal.ts';
import { startBeforeCases } from '../../contract/job-store-cases/start-before.ts';
import { describeJobStore } from '../../contract/job-store.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { openSqlite, runSql } from './open-sqlite.ts';

const open = async (clock: FakeClock) => openSqlite({ now: clock.now });

describeJobStore('SqliteJobStore', open);

describe('SqliteJobStore keeps the promises of JobStore about removed jobs', () => {
  removalCases(open);
  removalLimitCases(open);
});

describe('SqliteJobStore keeps the promises of JobStore about startBefore', () => {
  startBeforeCases(open);
});

describe('SqliteFileTasks', () => {
  fileTaskCases(async (clock) => {
    const opened = await open(clock);
    const { database, commits } = opened.store;
    const add = database.prepare('INSERT INTO file_tasks (job_id, run_at, failure_count) VALUES (?, ?, 0)');
    return {
      ...opened,
      fileTasks: new SqliteFileTasks(database, commits),
      addTasks: async (ids, runAt) => ids.forEach((id) => add.run(id, runAt)),
    };
  });
});

describe('SqliteDeliveries', () => {
  deliveryCases(async (clock) => {
    const opened = await open(clock);
    const { database, commits, quarantine } = opened.store;
    return {
      ...opened,
      deliveries: new SqliteDeliveries(database, commits, quarantine),
      spoilJob: async ({ jobId }) => {
        const row = database.prepare('SELECT body FROM jobs WHERE id = ?').get(jobId);
        await opened.damage(jobId, 'syntax');
        return async () => {
          runSql(opened.folder, 'UPDATE jobs SET body = ? WHERE id = ?', String(row?.['body']), jobId);
        };
      },
    };
  });
});

describe('SqliteJobStore keeps the promises of JobStore about prompts', () => {
  promptCases(open);
});
