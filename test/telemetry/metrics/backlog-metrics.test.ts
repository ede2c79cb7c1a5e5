import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedCallBudget } from '../../../src/store/call-budget.ts';
import { SqliteBacklog } from '../../../src/store/sqlite/sqlite-backlog.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteSharedText } from '../../../src/store/sqlite/sqlite-shared-text.ts';
import { BacklogMetrics } from '../../../src/telemetry/metrics/backlog-metrics.ts';
import { Instruments } from '../../../src/telemetry/metrics/instruments.ts';
import { createAll } from '../../contract/job-store-cases/opened-store.ts';
import { type OpenedSqlite, openSqlite } from '../../store/sqlite/open-sqlite.ts';
import { NO_EVENTS } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { MINUTE, NOON } from '../../support/times.ts';

describe('the metrics of the store', () => {
  let clock: FakeClock;
  let opened: OpenedSqlite;
  let deliveries: SqliteDeliveries;
  /** Those of two instances. */
  let budgets: readonly [SharedCallBudget, SharedCallBudget];
  beforeEach(() => {
    clock = new FakeClock();
    opened = openSqlite({ now: clock.now });
    const { database, commits } = opened.store;
    deliveries = new SqliteDeliveries(database, commits);
    const text = new SqliteSharedText(database, commits, 'call-budget');
    const budget = () => new SharedCallBudget(text, 100, clock.now, NO_EVENTS);
    budgets = [budget(), budget()];
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  /** Opens the metrics of the first instance. @returns a function that reads them all, by name and labels */
  function open(hasArchive = true): () => Promise<Map<string, number>> {
    const instruments = new Instruments();
    const { database, quarantine } = opened.store;
    const backlog = new SqliteBacklog({ database, quarantine, now: clock.now });
    const [budget] = budgets;
    const { now } = clock;
    const metrics = new BacklogMetrics({ instruments, backlog, deliveries, budget, hasArchive, now });
    return async () => {
      await metrics.update();
      const samples = [...(await instruments.render()).matchAll(/^([^#\s]+) (\S+)$/gm)];
      return new Map(samples.map(([, name = '', value]) => [name, Number(value)]));
    };
  }

  it('show what waits, and nothing while the store does not answer', async () => {
    const read = open();
    await createAll(opened.store, [acceptedJob({ createdAt: NOON - MINUTE }), acceptedJob()]);
    expect(Object.fromEntries(await read())).toMatchObject({
      reelgate_store_up: 1,
      'reelgate_jobs{phase="accepted"}': 2,
      reelgate_jobs_due: 2,
      reelgate_jobs_oldest_due_seconds: 60,
      reelgate_webhook_deliveries_waiting: 0,
      reelgate_webhook_deliveries_oldest_due_seconds: 0,
    });
    // The backlog may be from memory.
    deliveries.backlog = () => Promise.reject(new Error('The store does not answer.'));
    expect(Object.fromEntries(await read())).toEqual({ reelgate_store_up: 0 });
  });

  it('show the call budget and the circuit as all instances have left them', async () => {
    const read = open();
    const [own, other] = budgets;
    expect((await read()).get('reelgate_budget_remaining_calls')).toBe(10);
    expect((await read()).get('reelgate_circuit_open')).toBe(0);
    for (let failures = 0; failures < 10; failures += 1) await own.onFailed();
    expect((await read()).get('reelgate_circuit_open')).toBe(1);
    await other.onAnswered();
    expect((await read()).get('reelgate_circuit_open')).toBe(0);
    await other.onRateLimited(0, null);
    expect((await read()).get('reelgate_budget_remaining_calls')).toBe(0);
    expect((await read()).get('reelgate_budget_rate_ratio')).toBe(0.5);
  });

  it('show no work of the archive without one: nothing would take it', async () => {
    expect((await open()()).has('reelgate_archive_tasks_due')).toBe(true);
    const names = [...(await open(false)()).keys()];
    expect(names).toContain('reelgate_jobs_due');
    expect(names.filter((name) => name.startsWith('reelgate_archive'))).toEqual([]);
  });
});
