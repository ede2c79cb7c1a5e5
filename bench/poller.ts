/**
 * How many steps a second one poller makes on Redis with many jobs under way, how far behind their due times it is,
 * and what a step costs in round trips. The upstream answers at once, in the process: it is the poller and the store
 * that are measured. Usage: npm run bench:poller -- [jobs] [seconds]
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { newJobId } from '../src/domain/job-id.ts';
import { type Job, newJob } from '../src/domain/job.ts';
import { transition } from '../src/domain/transition.ts';
import { LearnedDurations } from '../src/poller/learned-durations.ts';
import { Poller } from '../src/poller/poller.ts';
import type { ClaimQuery } from '../src/store/job-store.ts';
import { RedisCallBudget } from '../src/store/redis/redis-call-budget.ts';
import { RedisDurationStore } from '../src/store/redis/redis-duration-store.ts';
import { RedisJobStore } from '../src/store/redis/redis-job-store.ts';
import { systemClock } from '../src/system-clock.ts';
import type { VideoUpstream } from '../src/upstream/video-upstream.ts';
import { videoRequest } from '../test/support/jobs.ts';
import { RedisServer } from '../test/support/redis-server.ts';

const [jobCount = 10_000, seconds = 20] = process.argv.slice(2).map(Number);
/** Short, so that jobs are looked at often: what is measured is how many steps there can be. */
const TYPICAL_MS = 5000;

const upstream: VideoUpstream = {
  submit: async () => ({ type: 'accepted', upstreamId: randomBytes(8).toString('hex') }),
  status: async () => ({ type: 'queued' }),
  result: async () => ({ type: 'forgotten' }),
  [Symbol.asyncDispose]: async () => {},
};

await using redis = await RedisServer.start({ appendOnly: true });
const store = await RedisJobStore.open({
  location: { urls: [redis.url], cluster: false },
  retentionMs: 3_600_000,
  clock: systemClock,
  random: Math.random,
  onTrouble: (error) => process.stderr.write(`${String(error)}\n`),
});

const durations = new LearnedDurations({
  store: new RedisDurationStore(store.client),
  clock: systemClock,
  upstream: 'bench',
  typicalMs: TYPICAL_MS,
});

const limits = { unfinished: Number.MAX_SAFE_INTEGER, unfinishedPerOwner: 0, perDay: 0, perDayPerOwner: 0 };

// Jobs that the upstream took between now and a minute ago, as in a steady flow.
for (let made = 0; made < jobCount;) {
  const batch = Math.min(500, jobCount - made);
  const jobs = Array.from({ length: batch }, () => acceptedJob());
  await Promise.all(jobs.map((job) => store.create({ job, idempotencyKey: null, fingerprint: '', limits })));
  const now = Date.now();
  const claims = await store.claimDue({
    now,
    leaseUntil: now + 60_000,
    limit: batch,
    callLimit: batch,
    worth: null,
  });
  await Promise.all(
    claims.map(async (claim) => {
      const submitting = transition(claim.job, { type: 'submit-started' }, now);
      await store.save(claim, { job: submitting, schedule: null });
      const expected = durations.expected(claim.job.request);
      const at = now - Math.round(Math.random() * TYPICAL_MS);
      const job: Job = {
        ...transition(submitting, { type: 'submit-accepted', upstreamId: claim.job.id, expected }, now),
        submittedAt: at,
      };
      await store.save(claim, {
        job,
        schedule: { dueAt: Date.now() + 5000 * Math.random(), faults: 0, seenAt: null },
      });
    }),
  );
  made += batch;
}

let steps = 0;
let loops = 0;
const delays: number[] = [];
const dueAt = new Map<string, number>();
const claimDue = store.claimDue.bind(store);
store.claimDue = async (query: ClaimQuery) => {
  loops += 1;
  const claims = await claimDue(query);
  const now = Date.now();
  for (const { job } of claims) {
    const due = dueAt.get(job.id);
    if (due !== undefined) delays.push(now - due);
  }
  steps += claims.length;
  return claims;
};
const release = store.release.bind(store);
store.release = (claim, schedule) => {
  dueAt.set(claim.job.id, schedule.dueAt);
  return release(claim, schedule);
};

const poller = new Poller({
  store,
  upstream,
  clock: systemClock,
  random: Math.random,
  budget: new RedisCallBudget(store.client, 0),
  callTimeoutMs: 30_000,
  durations,
  retentionMs: 3_600_000,
  log: {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (details) => process.stderr.write(`${JSON.stringify(details)}\n`),
  },
});
const cpu = process.cpuUsage();
const started = performance.now();
await poller.start();
await systemClock.sleep(seconds * 1000, new AbortController().signal);
const elapsed = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
await poller.stop(1000);
await store[Symbol.asyncDispose]();

delays.sort((a, b) => a - b);
const at = (share: number) => delays[Math.floor(delays.length * share)] ?? 0;
const cpuSeconds = (used.user + used.system) / 1_000_000;
// A loop asks for the next due time, reserves calls, looks for what is due and leases it; a step is given back or saved
// in one trip. With a limit on calls those that were not used are given back, in one trip more.
const trips = (4 * loops + steps) / steps;
process.stdout.write(`${jobCount} jobs under way, ${elapsed.toFixed(1)} s
steps a second            ${(steps / elapsed).toFixed(0)}
steps a CPU second        ${(steps / cpuSeconds).toFixed(0)}
behind due, median and p95 ${at(0.5)} ms, ${at(0.95)} ms
round trips a step        ${trips.toFixed(2)}
`);

function acceptedJob(): Job {
  const now = Date.now();
  return newJob(newJobId(now, randomBytes(16)), 'bench', videoRequest(), now, 3_300_000);
}
