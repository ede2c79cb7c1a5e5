// A process that opens the store in a folder, reports that, and keeps running.
import { SqliteJobStore } from '../../../../src/store/sqlite/sqlite-job-store.ts';
import { endWithParent } from '../../../support/process/child.ts';
import { sqliteOptions } from '../open-sqlite.ts';

endWithParent();
const store = new SqliteJobStore(sqliteOptions(process.argv[2] ?? '', { now: Date.now }));
process.stdout.write(`open, next due at ${await store.nextDueAt()}\n`);
