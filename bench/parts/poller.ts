import { RedisServer } from '../../test/support/redis/redis-server.ts';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { sampleOf } from '../measure/statistics.ts';
import { shown, table } from '../measure/table.ts';
import type { PollerOutput } from '../poller/poller.ts';
import type { Part } from './part.ts';

interface Measured {
  readonly name: string;
  readonly steady: PollerOutput[];
  readonly flooded: PollerOutput[];
}

const MIN_STEPS = 4000;

/** Measures the steps of the poller with many unfinished jobs. */
export async function measurePoller({ rounds, seconds, pollerJobs }: Effort): Promise<Part> {
  const results: Measured[] = [];
  for (const name of ['SQLite', 'Redis']) {
    progress(`poller: ${name}, ${pollerJobs} jobs are made`);
    await using redis = await RedisServer.start({ appendOnly: true });
    await using upstream = await BenchProcess.start({ file: 'poller/upstream.ts', place: 'load' });
    const url = `http://127.0.0.1:${await upstream.port()}`;
    const args = [url, String(pollerJobs), ...(name === 'Redis' ? [redis.url] : [])];
    await using poller = await BenchProcess.start({ file: 'poller/poller.ts', place: 'server', args });
    await poller.ask('start');
    const measure = async () => {
      const outputs: PollerOutput[] = [];
      // Round 0 is the warm-up.
      for (let round = 0; round <= rounds; round += 1) {
        const output = await poller.ask<PollerOutput>('measure', { seconds });
        if (round > 0) outputs.push(output);
      }
      return outputs;
    };
    progress(`poller: ${name} is measured`);
    const steady = await measure();
    await poller.ask('flood');
    results.push({ name, steady, flooded: await measure() });
  }
  const count = pollerJobs.toLocaleString('en');
  const rows = results.map(({ name, steady, flooded }) => [
    name,
    ...[
      flooded.map(({ stepsPerSecond }) => stepsPerSecond),
      flooded.map(({ cpuMsPerStep }) => 1000 / cpuMsPerStep),
      flooded.map(({ cpuMsPerStep }) => cpuMsPerStep),
      steady.map(({ stepsPerSecond }) => stepsPerSecond),
      steady.map(({ lateP50 }) => lateP50),
      steady.map(({ lateP95 }) => lateP95),
    ].map((values) => shown(sampleOf(values))),
  ]);
  const text = `${count} jobs are unfinished. The upstream is a process of its own that answers every poll at once. Redis writes an append-only file. A step leases
a job, polls the upstream over HTTP and releases the job. First the work is steady, then all jobs are due at once.

${table(
  [
    '',
    'steps a second, all due',
    'steps a CPU second, all due',
    'CPU ms a step, all due',
    'steps a second, steady',
    'ms behind due, steady, p50',
    'p95',
  ],
  rows,
)}`;
  return {
    title: 'Poller',
    text,
    aims: results.map(({ name, flooded }) => ({
      what: `Poller’s steps a second and core on ${name}, ${count} jobs`,
      aim: `at least ${MIN_STEPS.toLocaleString('en')}`,
      measured: shown(sampleOf(flooded.map(({ stepsPerSecond }) => stepsPerSecond))),
      met: sampleOf(flooded.map(({ stepsPerSecond }) => stepsPerSecond)).median >= MIN_STEPS,
    })),
  };
}
