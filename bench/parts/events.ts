import { RedisServer } from '../../test/support/redis/redis-server.ts';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { inTurn } from '../measure/turns.ts';
import { eventContestants } from './event-contestants.ts';
import { type EventResults, reportEvents, WARM_UP_MESSAGES } from './event-report.ts';
import { EventRun, type Shape } from './event-run.ts';
import type { Part } from './part.ts';

/**
 * Events of several jobs occur together, as under load, and cause at least 200 messages, so that the cost of wake-ups does not
 * dominate. Without Redis each burst has thousands of messages, so that the cost of the command does not dominate either.
 */
const SHAPES: readonly Shape[] = [
  { name: '1 to 1', sockets: 200, firstJob: 0, jobs: 200, rounds: 20, gapMs: 5 },
  { name: '1 to 10', sockets: 200, firstJob: 200, jobs: 20, rounds: 20, gapMs: 10 },
  { name: '1 to 1,000', sockets: 1000, firstJob: 220, jobs: 1, rounds: 5, gapMs: 200 },
  { name: '1,000, each its own job', sockets: 1000, firstJob: 221, jobs: 1000, rounds: 3, gapMs: 1 },
];
/**
 * There are many measurements, so each is short. Many short rounds are better than few long ones: on a shared machine the speed of
 * the same code varies by up to a third from one second to the next.
 */
const SHARE_OF_SECONDS = 1 / 3;
const ROUNDS_SHARE = 1.4;

/** Measures events over WebSockets. */
export async function measureEvents(effort: Effort): Promise<Part> {
  await using resources = new AsyncDisposableStack();
  const redis = resources.use(await RedisServer.start());
  const savesRedis = resources.use(await RedisServer.start());
  const load = resources.use(await BenchProcess.start({ file: 'load/ws-load.ts', place: 'load' }));
  const runs: EventRun[] = [];
  for (const contestant of eventContestants(redis.url, savesRedis.url)) {
    progress(`events: ${contestant.name} starts`);
    const publisher = await contestant.startPublisher();
    if (publisher !== null) resources.use(publisher);
    const server = resources.use(await contestant.start());
    runs.push(new EventRun(contestant, { server, publisher, load }));
  }
  const results: EventResults = runs.map((run) => ({
    run,
    shapes: SHAPES.map(({ name }) => ({ name, perCpuSecond: [], latencies: [] })),
  }));
  const seconds = effort.seconds * SHARE_OF_SECONDS;
  const rounds = Math.round(effort.rounds * ROUNDS_SHARE);
  for (let round = 0; round <= rounds; round += 1) {
    // Round 0 is the warm-up.
    progress(round === 0 ? 'events: warm-up' : `events: round ${round} of ${rounds}`);
    for (const [index, shape] of SHAPES.entries()) {
      for (const { run, shapes } of inTurn(results, round)) {
        await run.open(shape);
        if (round === 0) {
          await run.warmUp(shape, WARM_UP_MESSAGES);
          await run.close();
          continue;
        }
        const perCpuSecond = await run.throughput(shape, seconds);
        const latencies = await run.latencies(shape, seconds);
        await run.close();
        shapes[index]?.perCpuSecond.push(perCpuSecond);
        shapes[index]?.latencies.push(latencies);
      }
    }
  }
  return reportEvents(results, { rounds, seconds });
}
