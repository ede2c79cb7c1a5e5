/** A process that saves new versions of jobs in Reelgate's Redis store, as a poller would. Usage: publisher.ts <url> <jobs> */
import { RedisJobStore } from '../../src/store/redis/redis-job-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { FIRST_VERSION } from '../sample.ts';
import { obey, ready } from '../servers/control.ts';
import { eventCommands } from '../servers/event-source.ts';
import { runningJob } from './jobs.ts';
import { putJobs } from './put-jobs.ts';

const [url = '', jobs = '0'] = process.argv.slice(2);
const store = await RedisJobStore.open({
  location: { urls: [url], cluster: false },
  retentionMs: 3_600_000,
  clock: systemClock,
  random: Math.random,
  onTrouble: (error) => process.stderr.write(`${String(error)}\n`),
});
const claims = await putJobs(store, Number(jobs), (number) => runningJob(number, FIRST_VERSION));

obey(
  eventCommands(async (number, version) => {
    const claim = claims[number];
    if (claim === undefined) throw new Error(`There is no job ${number}.`);
    const saved = await store.save(claim, { job: runningJob(number, version), schedule: null });
    if (!saved) throw new Error('A version was not saved.');
  }),
);
ready();
