// A process that creates, marks and ends jobs as fast as possible and reports acknowledged writes, until it is killed.
import { setImmediate as macrotask } from 'node:timers/promises';
import { SqliteJobStore } from '../../../../src/store/sqlite/sqlite-job-store.ts';
import { acceptedJob, completed, nextVersion, record } from '../../../support/jobs.ts';
import { endWithParent } from '../../../support/process/child.ts';
import { MINUTE } from '../../../support/times.ts';
import { sqliteOptions } from '../open-sqlite.ts';

endWithParent();
const store = new SqliteJobStore(sqliteOptions(process.argv[2] ?? '', { now: Date.now }));
const tell = (what: string, id: string) => process.stdout.write(`${what} ${id}\n`);

for (;;) {
  // The store answers without I/O of the event loop, so without this pause no other work would run.
  await macrotask();
  const now = Date.now();
  const created = acceptedJob({ createdAt: now });
  await store.create(record(created, { idempotencyKey: created.id }));
  tell('accepted', created.id);
  const leases = await store.leaseDue({
    now,
    leaseUntil: now + MINUTE,
    limit: 1,
    callLimit: 1,
    except: [],
    preferred: null,
  });
  for (const leased of leases) {
    const submitting = nextVersion(leased.job, { phase: 'submitting' });
    await store.save(leased.leaseId, { job: submitting, schedule: null });
    tell('submitting', leased.job.id);
    // One job of ten stays leased.
    if (leased.leaseId.endsWith('1')) continue;
    const videoData = 'QUJD'.repeat(5000);
    await store.save(leased.leaseId, { job: completed(submitting, now), schedule: null, videoData });
    tell('completed', leased.job.id);
  }
}
