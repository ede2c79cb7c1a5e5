import { describe } from 'vitest';
import { SqliteFileTasks } from '../../../src/store/sqlite/sqlite-file-tasks.ts';
import { missingFileTaskCases } from '../../contract/missing-file-tasks.ts';
import { openSqlite } from './open-sqlite.ts';

describe('file tasks of earlier jobs on SQLite', () => {
  missingFileTaskCases(async (clock) => {
    const opened = openSqlite({ now: clock.now });
    const { database, commits } = opened.store;
    return { ...opened, fileTasks: new SqliteFileTasks(database, commits) };
  });
});
