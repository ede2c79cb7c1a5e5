import { describe } from 'vitest';
import { SqliteBacklog } from '../../../src/store/sqlite/sqlite-backlog.ts';
import { backlogCases } from '../../contract/backlog.ts';
import { openSqlite } from './open-sqlite.ts';

describe('the backlog in SQLite', () => {
  backlogCases(async (clock) => {
    const opened = openSqlite({ now: clock.now });
    const { database, quarantine } = opened.store;
    return { ...opened, backlog: new SqliteBacklog({ database, quarantine, now: clock.now }) };
  });
});
