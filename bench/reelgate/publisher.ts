/**
 * A process that creates new versions of jobs in Reelgate's Redis store: it saves them, as a poller does, or only publishes
 * them, as a save does at its end. Usage: publisher.ts <url> <jobs> save|publish
 */
import { Redis } from 'ioredis';
import { systemClock } from '../../src/process/clocks.ts';
import { SealSecret, sealOf } from '../../src/store/redis/events/event-seal.ts';
import { encodeJob } from '../../src/store/redis/jobs/job-hash.ts';
import { channels, shardOf } from '../../src/store/redis/keys.ts';
import { RedisJobStore } from '../../src/store/redis/redis-job-store.ts';
import { FIRST_VERSION } from '../sample.ts';
import { obey, ready } from '../servers/control.ts';
import { eventCommands } from '../servers/event-source.ts';
import { printFaults } from '../servers/print-faults.ts';
import { runningJob } from './jobs.ts';
import { putJobs } from './put-jobs.ts';

const [url = '', jobs = '0', how] = process.argv.slice(2);
const store = await RedisJobStore.open({
  location: { urls: [url], cluster: false },
  retentionMs: 3_600_000,
  clock: systemClock,
  random: Math.random,
  events: printFaults(),
});
const leases = await putJobs(store, Number(jobs), (number) => runningJob(number, FIRST_VERSION));

/** Messages of one turn are sent together, as for the peers. */
const client = new Redis(url, { enableAutoPipelining: true });
/** The end of the save script. */
const PUBLISH = `redis.call('PUBLISH', ARGV[1], ARGV[3]) redis.call('PUBLISH', ARGV[2], ARGV[3])`;
const publishSha = String(await client.script('LOAD', PUBLISH));

const secret = new SealSecret(client, () => Date.now());
await secret.load();

obey(eventCommands(how === 'save' ? save : publish));
ready();

async function save(number: number, version: number): Promise<void> {
  const leased = leases[number];
  if (leased === undefined) throw new Error(`Job ${number} does not exist.`);
  const saved = await store.save(leased.leaseId, { job: runningJob(number, version), schedule: null });
  if (saved !== 'saved') throw new Error(`The version ${version} of job ${number} was not saved: ${saved}.`);
}

async function publish(number: number, version: number): Promise<void> {
  const job = runningJob(number, version);
  const names = [channels.job(job.id), channels.owner(shardOf(job.id), job.ownerId)];
  const text = encodeJob(job);
  await client.evalsha(publishSha, 0, ...names, text.slice(0, -1) + sealOf(text, secret.key));
}
