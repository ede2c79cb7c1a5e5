import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { acceptedJob, record } from '../../support/jobs.ts';
import { startChild } from '../../support/process/child.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { MINUTE } from '../../support/times.ts';
import { sqliteOptions } from './open-sqlite.ts';

const ROUNDS = 8;
const PHASES = ['accepted', 'submitting', 'completed'];

describe('kill -9 of a process that writes', () => {
  it('loses no acknowledged job, mark or video, whenever it comes', async () => {
    using folder = tempFolder();
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      await using child = startChild(new URL('children/create-jobs.child.ts', import.meta.url), folder.path);
      await child.wrote(1);
      // The process is real, so there is no fake clock that could stop it.
      await pause(Math.random() * 100);
      child.kill('SIGKILL');
      await child.ended;
      for (const line of child.lines()) {
        const [phase = '', id = ''] = line.split(' ');
        acknowledged.set(id, phase);
      }
      await expectAll(folder.path, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  });
});

/** Opens the folder and checks all acknowledged writes. */
async function expectAll(folder: string, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  {
    await using store = new SqliteJobStore(sqliteOptions(folder, { now: Date.now }));
    const ids = [...acknowledged.keys()];
    const jobs = await store.getMany(ids);
    for (const [index, phase] of [...acknowledged.values()].entries()) {
      // The kill may come between a write and its acknowledgement, so more writes than acknowledged may be stored.
      const stored = PHASES.indexOf(jobs[index]?.phase ?? 'lost');
      expect(stored).toBeGreaterThanOrEqual(PHASES.indexOf(phase));
    }
    for (const job of jobs.filter((stored) => stored?.phase === 'completed')) {
      expect(await store.getVideoData(job?.id ?? '')).toHaveLength(20_000);
    }
    await expectKeyAndDueJobs(store, jobs[0]?.id ?? '', acknowledged);
  }
  const database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
}

async function expectKeyAndDueJobs(
  store: SqliteJobStore,
  id: string,
  acknowledged: ReadonlyMap<string, string>,
): Promise<void> {
  // Each key equals the id of its job.
  const again = await store.create(record(acceptedJob(), { idempotencyKey: id }));
  expect(again).toMatchObject({ type: 'duplicate', job: { id } });
  // Jobs of the dead process are due before its leases expire.
  const now = Date.now();
  const leases = await store.leaseDue({
    now,
    leaseUntil: now + MINUTE,
    limit: 1e6,
    callLimit: 1e6,
    except: [],
    preferred: null,
  });
  const leased = new Set(leases.map(({ job }) => job.id));
  const unfinished = [...acknowledged].filter(([, phase]) => phase !== 'completed');
  const missing = unfinished.map(([left]) => left).filter((left) => !leased.has(left));
  const jobs = await store.getMany(missing);
  expect(jobs.every((job) => job?.phase === 'completed')).toBe(true);
}
