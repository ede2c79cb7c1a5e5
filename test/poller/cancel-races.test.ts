import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { isFinal } from '../../src/domain/job/job.ts';
import { cancelJob } from '../../src/graphql/mutations/cancel-video-job.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import { Poller } from '../../src/poller/poller.ts';
import { SteadyClock } from '../../src/process/clocks.ts';
import { openStorage } from '../../src/store/open.ts';
import { TYPICAL_MS } from '../support/durations.ts';
import { listening } from '../support/events.ts';
import { acceptedJob, ownTarget, record, videoRequest } from '../support/jobs.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { SECOND } from '../support/times.ts';
import { FakeVideoUpstream } from '../support/upstream/fake-video-upstream.ts';
import { CALL_TIMEOUT_MS, RETENTION_MS } from './step-harness.ts';

const JOBS = 300;

/** Waits for some turns of the event loop. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
}

/** Creates jobs and cancels each, while a poller sends them to an upstream that completes them. */
async function cancelWhileSent(settings: Readonly<Record<string, string>>) {
  const clock = new SteadyClock();
  const config = parseConfig({
    SEGMIND_BASE_URL: 'https://upstream.example.com',
    SEGMIND_RPM: '0',
    ...settings,
  });
  const log = pino({ level: 'silent' });
  await using resources = new AsyncDisposableStack();
  const warnings: unknown[] = [];
  const events = listening('fault', (fault) => warnings.push(fault));
  events.on('job:lost', (loss) => warnings.push(loss));
  const storage = await openStorage(config, clock, log, events, new AbortController().signal);
  const store = resources.use(storage.store);
  const upstream = new FakeVideoUpstream({ status: () => ({ type: 'completed', metrics: null }) }, () =>
    clock.now(),
  );
  const durations = new LearnedDurations({
    store: storage.durations,
    clock,
    upstream: 'test',
    typicalMs: TYPICAL_MS,
  });
  const poller = resources.use(
    new Poller({
      ...storage,
      upstream,
      clock,
      durations,
      random: Math.random,
      archives: false,
      targetsOf: ownTarget,
      callTimeoutMs: CALL_TIMEOUT_MS,
      retentionMs: RETENTION_MS,
      events,
    }),
  );
  await poller.start();

  const race = async (index: number) => {
    await pass(index / 10);
    const createdAt = clock.now();
    const job = acceptedJob({ createdAt, request: videoRequest({ prompt: String(index) }) });
    await store.create(record(job));
    // At once, some turns later, or when it is being sent.
    const isSent = () => upstream.calls.some(({ subject }) => subject === String(index));
    if (index % 3 === 1) await pass(index % 50);
    if (index % 3 === 2) while (!isSent()) await nextTurn();
    return {
      job,
      outcome: await cancelJob({ store, clock, events, targetsOf: ownTarget }, job.ownerId, job.id),
    };
  };
  const races = await Promise.all(Array.from({ length: JOBS }, (_, index) => race(index)));

  const ids = races.map(({ job }) => job.id);
  const read = async () => (await store.getMany(ids)).filter((job) => job !== null);
  await expect
    .poll(async () => (await read()).every(isFinal), { timeout: 30 * SECOND, interval: 50 })
    .toBe(true);
  const promptsOf = (type: string) =>
    races.filter(({ outcome }) => outcome.type === type).map(({ job }) => job.request.prompt);
  return {
    canceled: promptsOf('CancelVideoJobSuccess'),
    tooLate: promptsOf('CancelVideoJobTooLate'),
    sent: upstream.calls.filter(({ type }) => type === 'submit').map(({ subject }) => subject),
    ends: (await read()).map((job) => job.failure?.code ?? job.phase),
    warnings,
  };
}

const STORES = [
  {
    store: 'embedded store',
    open: async () => {
      const folder = tempFolder();
      return {
        settings: { DATA_DIR: folder.path },
        [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
      };
    },
  },
  {
    store: 'Redis',
    open: async () => {
      const redis = await RedisServer.start();
      return {
        settings: { REDIS_URL: redis.url },
        [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
      };
    },
  },
];

it.each(STORES)('each of 300 jobs is either canceled or sent once ($store)', async ({ open }) => {
  await using opened = await open();
  const { canceled, tooLate, sent, ends, warnings } = await cancelWhileSent(opened.settings);
  expect(sent.toSorted()).toEqual(tooLate.toSorted());
  expect(canceled.length + tooLate.length).toBe(JOBS);
  expect(ends.filter((end) => end === 'CANCELED')).toHaveLength(canceled.length);
  expect(ends.filter((end) => end === 'completed')).toHaveLength(tooLate.length);
  expect(warnings).toEqual([]);
  // Both happened often.
  expect(canceled.length).toBeGreaterThan(10);
  expect(tooLate.length).toBeGreaterThan(10);
});
