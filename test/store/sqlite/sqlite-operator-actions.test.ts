import { LRUCache } from 'lru-cache';
import { describe } from 'vitest';
import { SqliteBacklog } from '../../../src/store/sqlite/sqlite-backlog.ts';
import { SqliteOperatorActions } from '../../../src/store/sqlite/sqlite-operator-actions.ts';
import { operatorActionsCases } from '../../contract/operator-actions.ts';
import { openSqlite, runSql } from './open-sqlite.ts';

describe('the actions of operators in SQLite', () => {
  operatorActionsCases(async (clock) => {
    const opened = openSqlite({ now: clock.now });
    const { store, folder } = opened;
    const { database, commits, quarantine } = store;
    const bodies = new Map<string, string>();
    return {
      ...opened,
      backlog: new SqliteBacklog({ database, quarantine, now: clock.now }),
      actions: new SqliteOperatorActions({
        database,
        commits,
        quarantine,
        publishWork: (job) => store.publishWork(job),
      }),
      damage: async (id, damage) => {
        const row = database.prepare('SELECT body FROM jobs WHERE id = ?').get(id);
        bodies.set(id, String(row?.['body']));
        await opened.damage(id, damage);
      },
      forget: async (id) => {
        if (store.cache instanceof LRUCache) store.cache.delete(id);
      },
      repair: async (id) => {
        runSql(folder, 'UPDATE jobs SET body = ? WHERE id = ?', bodies.get(id) ?? '', id);
      },
    };
  });
});
