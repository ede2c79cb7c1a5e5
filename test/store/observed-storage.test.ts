import { pino } from 'pino';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { SteadyClock } from '../../src/process/clocks.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { observeStorage } from '../../src/store/observed-storage.ts';
import { openStorage } from '../../src/store/open.ts';
import { collect } from '../support/events.ts';
import { acceptedJob, record } from '../support/jobs.ts';
import { tempFolder } from '../support/temp-folder.ts';

it('each call of the storage is emitted with its duration and whether it succeeded', async () => {
  using folder = tempFolder();
  const events = new GatewayEvents();
  let time = 0;
  const config = parseConfig({
    SEGMIND_BASE_URL: 'https://upstream.example.com',
    DATA_DIR: folder.path,
  });
  const log = pino({ level: 'silent' });
  const opened = await openStorage(config, new SteadyClock(), log, events, new AbortController().signal);
  const storage = observeStorage(opened, { system: 'sqlite', events, monotonicMs: () => (time += 2) });
  // Nothing listens yet: the call is not measured.
  await storage.store.nextDueAt();
  expect(time).toBe(0);

  const calls = collect(events, 'store:call');
  const job = acceptedJob();
  expect(await storage.store.create(record(job))).toEqual({ type: 'created' });
  expect(storage.store.searchesPrompts).toBe(opened.store.searchesPrompts);
  await storage.fileTasks.nextDueAt();
  await storage.store[Symbol.asyncDispose]();
  await expect(storage.store.getMany([job.id])).rejects.toThrow(StoreUnavailableError);
  expect(calls).toEqual([
    { system: 'sqlite', operation: 'create', durationMs: 2, ok: true },
    { system: 'sqlite', operation: 'fileTasks.nextDueAt', durationMs: 2, ok: true },
    { system: 'sqlite', operation: 'getMany', durationMs: 2, ok: false },
  ]);
});
