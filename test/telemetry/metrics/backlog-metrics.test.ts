import { afterEach, beforeEach, expect, it } from 'vitest';
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
import { samplesOf } from './samples.ts';

const { now } = new FakeClock();
let opened: OpenedSqlite;
beforeEach(() => {
  opened = openSqlite({ now });
});
afterEach(() => opened[Symbol.asyncDispose]());

/** The metrics of one instance, and its parts of the store. */
function start(hasArchive = true) {
  const { database, commits, quarantine } = opened.store;
  const deliveries = new SqliteDeliveries(database, commits, quarantine);
  const text = new SqliteSharedText(database, commits, 'call-budget');
  const budget = new SharedCallBudget(text, 60, now, NO_EVENTS);
  const backlog = new SqliteBacklog({ database, quarantine, now });
  const instruments = new Instruments();
  const metrics = new BacklogMetrics({ instruments, backlog, deliveries, budget, hasArchive, now });
  const valuesOf = async (name: string) => {
    await metrics.update();
    return samplesOf(await instruments.render(), name);
  };
  return { deliveries, budget, valuesOf };
}

it('the work of the store is shown, and its absence while the store does not answer', async () => {
  const { deliveries, valuesOf } = start();
  await createAll(opened.store, [acceptedJob({ createdAt: NOON - MINUTE }), acceptedJob()]);
  expect(await valuesOf('reelgate_jobs')).toEqual({ 'phase="accepted"': 2 });
  expect(await valuesOf('reelgate_jobs_due')).toEqual({ '': 2 });
  expect(await valuesOf('reelgate_jobs_oldest_due_seconds')).toEqual({ '': 60 });
  expect(await valuesOf('reelgate_webhook_deliveries_waiting')).toEqual({ '': 0 });
  expect(await valuesOf('reelgate_webhook_deliveries_oldest_due_seconds')).toEqual({ '': 0 });
  expect(await valuesOf('reelgate_circuit_open')).toEqual({ '': 0 });
  expect(await valuesOf('reelgate_store_up')).toEqual({ '': 1 });
  // The backlog may be from memory.
  deliveries.nextDueAt = () => Promise.reject(new Error('The store does not answer.'));
  expect(await valuesOf('reelgate_store_up')).toEqual({ '': 0 });
  expect(await valuesOf('reelgate_jobs')).toEqual({});
  expect(await valuesOf('reelgate_jobs_due')).toEqual({});
  expect(await valuesOf('reelgate_circuit_open')).toEqual({});
});

it('each instance shows the circuit and the budget, whichever instance changed them', async () => {
  const [one, other] = [start(), start()];
  const shown = (name: string) => Promise.all([one, other].map(({ valuesOf }) => valuesOf(name)));
  expect(await shown('reelgate_budget_remaining_calls')).toEqual([{ '': 6 }, { '': 6 }]);
  for (let failure = 1; failure <= 10; failure += 1) await one.budget.onFailed();
  expect(await shown('reelgate_circuit_open')).toEqual([{ '': 1 }, { '': 1 }]);
  expect(await shown('reelgate_budget_remaining_calls')).toEqual([{ '': 0 }, { '': 0 }]);
  await other.budget.onRateLimited(0, MINUTE);
  expect(await shown('reelgate_circuit_open')).toEqual([{ '': 0 }, { '': 0 }]);
  expect(await shown('reelgate_budget_rate_ratio')).toEqual([{ '': 0.5 }, { '': 0.5 }]);
});

it('work of the archive is not shown without one: nothing would take it', async () => {
  const name = 'reelgate_archive_tasks_due';
  expect(await start().valuesOf(name)).toEqual({ '': 0 });
  expect(await start(false).valuesOf(name)).toEqual({});
});
