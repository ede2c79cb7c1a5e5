import { describeJobStore } from '../../contract/job-store.ts';
import { openSqlite } from './open-sqlite.ts';

describeJobStore('SqliteJobStore', async (clock) => openSqlite({ now: clock.now }));
