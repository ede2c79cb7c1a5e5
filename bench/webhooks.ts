/**
 * Checks the delivery of webhooks under chaos, and measures it. Usage: npm run bench:webhooks -- [jobs, default 300]
 *
 * Jobs end, by their video or by a cancellation, and each is announced to one of several receivers: some accept, some fail now and then, ask
 * for a pause, hang, are down and come back, redirect, or answer 410. Meanwhile two pollers are killed in turns and Redis is killed and
 * restarted. It fails unless each end was delivered to each receiver that lives, none to a wrong target, always with the same id and body,
 * and never twice at the same time.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { FileServer } from '../test/archive/file-server.ts';
import { dataOf } from '../test/support/gateway/http.ts';
import { generate, spawnGateway } from '../test/support/gateway/spawned-gateway.ts';
import { RedisServer } from '../test/support/redis/redis-server.ts';
import { PaidUpstream } from '../test/support/upstream/paid-upstream.ts';
import { percentile } from './measure/statistics.ts';
import { Fleet } from './webhooks/fleet.ts';
import { type Kind, KINDS, LIVING, Receiver } from './webhooks/receivers.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CANCEL = 'mutation ($id: ID!) { cancelVideoJob(id: $id) { __typename } }';
/** Requests of clients in progress at once. */
const CLIENTS = 32;
/** Each so many jobs is canceled, unless it was sent before. */
const CANCEL_EVERY = 10;
/** Milliseconds from the last new job until the receivers come back. */
const BACK_AFTER_MS = 30_000;
/** Milliseconds for all deliveries after that. */
const DEADLINE_MS = 20 * 60_000;

const jobs = Number(process.argv[2] ?? 300);
const startedAt = Date.now();
await using resources = new AsyncDisposableStack();
const upstream = resources.use(await PaidUpstream.start());
const redis = resources.use(await RedisServer.start({ appendOnly: true }));
// What a redirect leads to. Its origin is allowed, so only the rule about redirects keeps requests away.
const trap = resources.use(await FileServer.start());
const receivers: Receiver[] = [];
for (const kind of KINDS) receivers.push(resources.use(await Receiver.start(kind, `${trap.origin}/trap`)));
const settings = {
  REDIS_URL: redis.url,
  SEGMIND_API_KEY: 'SG_test',
  SEGMIND_BASE_URL: upstream.url,
  SEGMIND_RPM: '0',
  MAX_UNFINISHED_JOBS: '100000',
  MAX_UNFINISHED_JOBS_PER_OWNER: '0',
  GENERATE_RPM_PER_OWNER: '0',
  PUBLIC_URL: 'http://127.0.0.1:4000',
  WEBHOOK_SECRET: SECRET,
  WEBHOOK_ORIGINS: [trap.origin, ...receivers.map(({ origin }) => origin)].join(','),
};
const api = resources.use(await spawnGateway({ ...settings, ROLE: 'api' }));
const fleet = resources.use(await Fleet.start(settings, redis));

let next = 0;
await Promise.all(Array.from({ length: CLIENTS }, createJobs));
progress(`${jobs} jobs created`);
await delay(BACK_AFTER_MS);
for (const receiver of receivers) receiver.comeBack();
const until = Date.now() + DEADLINE_MS;
while (Date.now() < until && receivers.some((receiver) => missing(receiver) > 0)) {
  progress(receivers.map((receiver) => `${receiver.kind} ${missing(receiver)}`).join(', '));
  await delay(5000);
}
report();

/** Creates jobs until there are enough. */
async function createJobs(): Promise<void> {
  while (next < jobs) {
    const job = next++;
    const webhookUrl = receiverOf(job).urlOf(job);
    const input = { prompt: `job ${job}`, webhookUrl, idempotencyKey: `job-${job}` };
    const { id } = await again(() => generate(api.url, input));
    if (job % CANCEL_EVERY === 0) await again(() => dataOf(api.url, CANCEL, { id }));
  }
}

/** Repeats a request while Redis restarts. */
async function again<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (Date.now() > startedAt + DEADLINE_MS) throw error;
      await delay(200);
    }
  }
}

function receiverOf(job: number): Receiver {
  return receivers[job % receivers.length] ?? never();
}

/** How many jobs a receiver has not accepted yet; for those that accept none, how many it has not heard of. */
function missing({ kind, arrivals }: Receiver): number {
  const known = [...arrivals.values()].filter(({ accepted }) => accepted > 0 || !LIVING.includes(kind));
  return jobsOf(kind) - known.length;
}

function jobsOf(kind: Kind): number {
  const index = KINDS.indexOf(kind);
  return Math.floor((jobs - index - 1) / KINDS.length) + 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function report(): void {
  const rows = receivers.map((receiver) => {
    const { kind, wrong, overlaps } = receiver;
    const arrivals = [...receiver.arrivals.values()];
    const changed = arrivals.filter(({ ids, bodies }) => ids.size > 1 || bodies.size > 1).length;
    const delays = arrivals.flatMap(({ delayMs }) => delayMs ?? []);
    const at = (share: number) =>
      delays.length === 0 ? '' : `${(percentile(Float64Array.from(delays), share) / 1000).toFixed(1)} s`;
    const repeated = sum(arrivals.map(({ accepted }) => Math.max(0, accepted - 1)));
    const figures = [
      jobsOf(kind),
      sum(arrivals.map(({ requests }) => requests)),
      repeated,
      at(0.5),
      at(0.99),
      at(1),
    ];
    return {
      figures: [kind, ...figures, missing(receiver)],
      faults: missing(receiver) + wrong + overlaps + changed,
    };
  });
  const faults = sum(rows.map((row) => row.faults)) + trap.requests.length;
  const wrong = sum(receivers.map((receiver) => receiver.wrong)) + trap.requests.length;
  const overlaps = sum(receivers.map((receiver) => receiver.overlaps));
  const lines = [
    '| receiver | jobs | requests | accepted again | median | 99 % | longest | missing |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(({ figures }) => `| ${figures.join(' | ')} |`),
    '',
    `${jobs} jobs, ${fleet.kills} pollers killed, Redis killed ${fleet.restarts} times, ${Math.round((Date.now() - startedAt) / 1000)} s.`,
    `To a wrong target: ${wrong}. At the same time as another attempt: ${overlaps}. Faults in all: ${faults}.`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (faults > 0) process.exitCode = 1;
}

function progress(text: string): void {
  process.stderr.write(`${Math.round((Date.now() - startedAt) / 1000)} s: ${text}\n`);
}

function never(): never {
  throw new Error('unreachable');
}
