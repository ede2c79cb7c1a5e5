import { RedisServer } from '../../test/support/redis/redis-server.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess, type ProcessOptions } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { sampleOf } from '../measure/statistics.ts';
import { shown, table } from '../measure/table.ts';
import { MAIN, SETTINGS } from '../reelgate/gateway.ts';
import type { Part } from './part.ts';

const MAX_SECONDS = 1;

/** Measures the time from the start of a process until it listens. */
export async function measureStart({ rounds }: Effort): Promise<Part> {
  await using redis = await RedisServer.start();
  const reelgate = { file: MAIN, place: 'server' as const };
  const contestants: readonly (readonly [name: string, options: ProcessOptions])[] = [
    ['Reelgate', reelgate],
    ['Reelgate, nothing compiled before', { ...reelgate, settings: { NODE_DISABLE_COMPILE_CACHE: '1' } }],
    ['Reelgate over Redis', { ...reelgate, settings: { REDIS_URL: redis.url } }],
    ['Mercurius', { file: 'peers/mercurius.ts', place: 'server' }],
    ['Apollo Server', { file: 'peers/apollo-http.ts', place: 'server' }],
    ['Yoga', { file: 'peers/yoga-http.ts', place: 'server' }],
  ];
  const seconds = new Map(contestants.map(([name]) => [name, Array<number>()]));
  for (let round = 1; round <= rounds; round += 1) {
    progress(`start: round ${round} of ${rounds}`);
    for (const [name, options] of contestants) {
      using folder = tempFolder();
      const settings = { ...SETTINGS, DATA_DIR: folder.path, ...options.settings };
      const started = performance.now();
      const process = await BenchProcess.start({ ...options, settings });
      seconds.get(name)?.push((performance.now() - started) / 1000);
      await process[Symbol.asyncDispose]();
    }
  }
  const rows = [...seconds].map(([name, values]) => [name, shown(sampleOf(values))]);
  const text = `Seconds from the start of the process, from sources, until it listens. Reelgate has an empty store and, except in one row, the code that
earlier starts compiled, which it keeps in \`node_modules/.cache\`. There are ${rounds} rounds.

${table(['', 'seconds'], rows)}`;
  const own = sampleOf(seconds.get('Reelgate') ?? []);
  return {
    title: 'Start',
    text,
    aims: [
      {
        what: 'Seconds from start to listening',
        aim: `under ${MAX_SECONDS}`,
        measured: shown(own),
        met: own.median < MAX_SECONDS,
      },
    ],
  };
}
