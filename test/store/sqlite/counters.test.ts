import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { type JobLimits } from '../../../src/store/job-limits.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { createAll, leaseAll, leaseUpTo, present } from '../../contract/job-store-cases/opened-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, failed, limits, record } from '../../support/jobs.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const OWNERS = ['ada', 'bob', 'cleo'] as const;

describe('the counts behind the limits', () => {
  it('agree with the rows after any creates, ends, removals and damages', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store, folder } = opened;
    const ended: Job[] = [];
    let random = 7;
    const next = (below: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % below;
    };
    for (let i = 0; i < 150; i += 1) {
      clock.jump(next(90) * SECOND);
      const ownerId = present(OWNERS[next(3)]);
      await createAll(store, [acceptedJob({ ownerId, createdAt: clock.now() })]);
      const [leased] = next(3) > 0 ? await leaseUpTo(store, clock.now(), 1) : [];
      if (leased !== undefined) {
        const ends = [
          completed(leased.job, clock.now()),
          failed(leased.job, clock.now(), 'NO'),
          failed(leased.job, clock.now(), 'UNKNOWN'),
        ];
        const job = present(ends[next(3)]);
        await store.save(leased.leaseId, { job, schedule: null });
        ended.push(job);
      }
      if (next(4) === 0) {
        const [job] = ended.splice(next(ended.length || 1), 1);
        if (job !== undefined) await store.remove(job);
      }
      if (next(20) === 0) {
        const [broken] = await leaseUpTo(store, clock.now(), 1);
        if (broken !== undefined) await opened.damage(broken.job.id, 'syntax');
        await leaseAll(store, clock.now() + HOUR);
      }
    }
    await store.health();
    expect(unfinishedCounts(folder)).toEqual(unfinishedRows(folder));
    expect(phaseCounts(folder)).toEqual(phaseRows(folder));
    expect(chargedCounts(folder)).toEqual(chargedRows(folder));
    expect(chargedRows(folder).length).toBeGreaterThan(100);
    // Repaired records are scheduled again.
    runSql(folder, "UPDATE jobs SET purge_at = NULL WHERE phase NOT IN ('completed', 'failed')");
    expect(unfinishedCounts(folder)).toEqual(unfinishedRows(folder));
    expect(phaseCounts(folder)).toEqual(phaseRows(folder));
  });

  it('do not change when the transaction of a create fails', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store, folder } = opened;
    await createAll(store, [acceptedJob()]);
    runSql(
      folder,
      `CREATE TRIGGER refuse AFTER INSERT ON idempotency_keys BEGIN SELECT raise(ABORT, 'no room'); END`,
    );
    await expect(store.create(record(acceptedJob(), { idempotencyKey: 'k' }))).rejects.toThrow('failed');
    expect(unfinishedCounts(folder)).toEqual(unfinishedRows(folder));
    expect(chargedCounts(folder)).toEqual(chargedRows(folder));
    const create = () =>
      store.create(record(acceptedJob(), { limits: limits({ unfinished: 2, perDay: 2 }) }));
    expect((await create()).type).toBe('created');
    expect((await create()).type).toBe('refused');
  });

  it('find the time of the next place among the jobs of many minutes', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const created: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      await createAll(opened.store, [acceptedJob({ createdAt: clock.now() })]);
      created.push(clock.now());
      clock.jump(i % 3 === 0 ? 100 : 25 * SECOND);
    }
    const refusal = (change: Partial<JobLimits>) =>
      opened.store.create(record(acceptedJob(), { limits: limits(change) }));
    for (const limit of [1, 2, 7, 20, 39, 40]) {
      const retryAfterMs = present(created.at(-limit)) + DAY - clock.now();
      expect(await refusal({ perDay: limit })).toEqual({ type: 'refused', limit: 'perDay', retryAfterMs });
      expect(await refusal({ perDayPerOwner: limit })).toMatchObject({ retryAfterMs });
    }
    // A part of the oldest minute is older than a day.
    clock.jump(present(created[3]) + DAY - clock.now());
    expect(await refusal({ perDay: 36 })).toMatchObject({
      retryAfterMs: present(created[4]) - present(created[3]),
    });
    expect(await refusal({ perDay: 37 })).toEqual({ type: 'created' });
  });

  it('are kept for a day, and survive a restart', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    await createAll(opened.store, [acceptedJob()]);
    await opened.store[Symbol.asyncDispose]();
    clock.jump(DAY - MINUTE);
    const one = { limits: limits({ perDay: 1 }) };
    {
      await using store = new SqliteJobStore(sqliteOptions(opened.folder, clock));
      expect((await store.create(record(acceptedJob(), one))).type).toBe('refused');
    }
    clock.jump(HOUR);
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, clock));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(runSql(opened.folder, 'SELECT * FROM charged_jobs')).toEqual([]);
    expect(runSql(opened.folder, 'SELECT * FROM charged_counts')).toEqual([]);
    expect((await store.create(record(acceptedJob({ createdAt: clock.now() }), one))).type).toBe('created');
  });

  it('follow rows that an operator deletes', async () => {
    await using opened = openSqlite({ now: () => NOON });
    await createAll(opened.store, [acceptedJob(), acceptedJob()]);
    runSql(opened.folder, 'DELETE FROM jobs');
    const outcome = await opened.store.create(record(acceptedJob(), { limits: limits({ unfinished: 1 }) }));
    expect(outcome.type).toBe('created');
  });
});

function unfinishedCounts(folder: string): unknown[] {
  return runSql(folder, 'SELECT scope, count FROM unfinished_counts ORDER BY scope');
}

function phaseCounts(folder: string): unknown[] {
  return runSql(folder, 'SELECT phase, count FROM phase_counts WHERE count <> 0 ORDER BY phase');
}

function phaseRows(folder: string): unknown[] {
  return runSql(
    folder,
    'SELECT phase, count(*) AS count FROM jobs WHERE purge_at IS NULL GROUP BY phase ORDER BY phase',
  );
}

function unfinishedRows(folder: string): unknown[] {
  return runSql(
    folder,
    `SELECT 'all' AS scope, count(*) AS count FROM jobs WHERE purge_at IS NULL UNION ALL
     SELECT 'owner ' || owner_id, count(*) FROM jobs WHERE purge_at IS NULL GROUP BY owner_id ORDER BY scope`,
  );
}

function chargedCounts(folder: string): unknown[] {
  return runSql(
    folder,
    'SELECT scope, minute, count FROM charged_counts WHERE count > 0 ORDER BY scope, minute',
  );
}

function chargedRows(folder: string): unknown[] {
  return runSql(
    folder,
    `SELECT 'all' AS scope, created_at / 60000 AS minute, count(*) AS count FROM charged_jobs GROUP BY 2 UNION ALL
     SELECT 'owner ' || owner_id, created_at / 60000, count(*) FROM charged_jobs GROUP BY 1, 2 ORDER BY scope, minute`,
  );
}
