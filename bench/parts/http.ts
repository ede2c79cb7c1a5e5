import { isDeepStrictEqual } from 'node:util';
import type { Job } from '../../src/domain/job/job.ts';
import { V8_FLAGS } from '../../src/process/v8-flags.ts';
import type { HttpLoadInput, HttpLoadOutput } from '../load/http-load.ts';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { type Sample, sampleOf } from '../measure/statistics.ts';
import { shown, table } from '../measure/table.ts';
import { inTurn } from '../measure/turns.ts';
import { SIGN_IN, SIGNED_IN_OWNER, startReelgate, userToken } from '../reelgate/gateway.ts';
import { completedJob } from '../reelgate/jobs.ts';
import { completedState, jobIdOf, QUERY } from '../sample.ts';
import type { Aim, Part } from './part.ts';

interface Contestant {
  readonly name: string;
  readonly start: () => Promise<BenchProcess>;
  readonly token?: string;
}

interface Running {
  readonly name: string;
  readonly server: BenchProcess;
  readonly input: Omit<HttpLoadInput, 'seconds' | 'rate'>;
  readonly measured: Measured;
}

type Rate = 'perSecond' | 'perCpuSecond';

/** One value per round. */
interface Measured {
  readonly perSecond: number[];
  readonly perCpuSecond: number[];
  readonly saturated: { readonly p50: number[]; readonly p99: number[] };
  readonly moderate: { readonly p50: number[]; readonly p99: number[] };
}

/** Number of jobs in Reelgate's store. */
const JOBS = 100;
const CONNECTIONS = 50;
/** Requests per second while latency is measured: well below the limit of the slowest server. */
const RATE = 1000;
const WARM_UP_SECONDS = 1.5;
/** Duration of the latency measurement, relative to the throughput measurement. */
const PACED_SHARE = 4 / 3;
const BARE = 'bare node:http, ready answer';
const REELGATE = 'Reelgate';
const SIGNED_IN = 'Reelgate, callers signed in with a JWT';
const MERCURIUS = 'Mercurius 16, JIT';
const MERCURIUS_FLAGS = 'Mercurius 16, JIT, with Reelgate’s V8 flags';
const YOGA = 'Yoga 5.24 as it comes';

/** Measures a query over HTTP. */
export async function measureHttp(effort: Effort): Promise<Part> {
  await using resources = new AsyncDisposableStack();
  const contestants: Contestant[] = [
    { name: BARE, start: () => startServer('servers/bare-http.ts', V8_FLAGS) },
    { name: REELGATE, start: () => startReelgate(JOBS, completedJob) },
    { name: SIGNED_IN, start: () => startReelgate(JOBS, signedInJob, SIGN_IN), token: await userToken() },
    { name: MERCURIUS, start: () => startServer('peers/mercurius.ts') },
    { name: MERCURIUS_FLAGS, start: () => startServer('peers/mercurius.ts', V8_FLAGS) },
    { name: 'Apollo Server 5', start: () => startServer('peers/apollo-http.ts') },
    { name: YOGA, start: () => startServer('peers/yoga-http.ts') },
  ];
  const load = resources.use(await BenchProcess.start({ file: 'load/http-load.ts', place: 'load' }));
  const running: Running[] = [];
  for (const { name, start, token = null } of contestants) {
    progress(`http: ${name} starts`);
    const server = resources.use(await start());
    const body = JSON.stringify({ query: QUERY, operationName: 'Job', variables: { id: jobIdOf(0) } });
    const input = { port: await server.port(), body, token, connections: CONNECTIONS };
    const warm = await load.ask<HttpLoadOutput>('load', { ...input, seconds: WARM_UP_SECONDS, rate: null });
    checkAnswer(name, warm.body);
    running.push({ name, server, input, measured: nothingYet() });
  }

  const pacedSeconds = effort.seconds * PACED_SHARE;
  let busiest = 0;
  for (let round = 1; round <= effort.rounds; round += 1) {
    progress(`http: round ${round} of ${effort.rounds}`);
    for (const { name, server, input, measured } of inTurn(running, round)) {
      const usedBefore = await server.ask<number>('cpuSeconds');
      const full = await load.ask<HttpLoadOutput>('load', { ...input, seconds: effort.seconds, rate: null });
      checkAnswer(name, full.body);
      const used = (await server.ask<number>('cpuSeconds')) - usedBefore;
      measured.perSecond.push(full.answers / full.seconds);
      measured.perCpuSecond.push(full.total / used);
      measured.saturated.p50.push(full.p50);
      measured.saturated.p99.push(full.p99);
      busiest = Math.max(busiest, full.cpuShare);
    }
    for (const { input, measured } of inTurn(running, round)) {
      const paced = await load.ask<HttpLoadOutput>('load', { ...input, seconds: pacedSeconds, rate: RATE });
      measured.moderate.p50.push(paced.p50);
      measured.moderate.p99.push(paced.p99);
    }
  }
  return report(new Map(running.map(({ name, measured }) => [name, measured])), effort, busiest);
}

/** All contestants must return the same data. */
function checkAnswer(name: string, body: string): void {
  const answer: unknown = JSON.parse(body);
  if (!isDeepStrictEqual(answer, { data: { videoJob: completedState(0) } })) {
    throw new Error(`${name} returned other data: ${body}`);
  }
}

function report(results: ReadonlyMap<string, Measured>, { rounds, seconds }: Effort, busiest: number): Part {
  const resultOf = (name: string) => results.get(name) ?? fail(name);
  const ratio = (name: string, other: string, of: Rate = 'perSecond'): Sample =>
    sampleOf(resultOf(name)[of].map((value, round) => value / (resultOf(other)[of][round] ?? NaN)));
  const rows = [...results].map(([name, { perSecond, perCpuSecond, saturated, moderate }]) => {
    const latencies = [saturated.p50, saturated.p99, moderate.p50, moderate.p99];
    const samples = [
      sampleOf(perSecond),
      ratio(name, BARE),
      sampleOf(perCpuSecond),
      ratio(name, BARE, 'perCpuSecond'),
    ].concat(latencies.map((values) => sampleOf(values)));
    return [name].concat(samples.map((sample) => shown(sample)));
  });
  const p99 = (name: string) => sampleOf(resultOf(name).moderate.p99);
  const saturatedP99 = (name: string) => sampleOf(resultOf(name).saturated.p99);
  const aims: Aim[] = [
    {
      what: 'HTTP query, ratio to Mercurius with JIT',
      aim: 'at least 1.5',
      measured: shown(ratio(REELGATE, MERCURIUS)),
      met: ratio(REELGATE, MERCURIUS).median >= 1.5,
      bare: shown(ratio(BARE, MERCURIUS)),
    },
    {
      what: 'HTTP query, ratio to Yoga as it comes',
      aim: 'at least 5',
      measured: shown(ratio(REELGATE, YOGA)),
      met: ratio(REELGATE, YOGA).median >= 5,
      bare: shown(ratio(BARE, YOGA)),
    },
    {
      what: `HTTP query, p99 in ms with ${CONNECTIONS} busy connections`,
      aim: `under Mercurius’ ${shown(saturatedP99(MERCURIUS))}`,
      measured: shown(saturatedP99(REELGATE)),
      met: saturatedP99(REELGATE).median < saturatedP99(MERCURIUS).median,
      bare: shown(saturatedP99(BARE)),
    },
    {
      what: `HTTP query, p99 in ms at ${RATE} requests a second`,
      aim: `under Mercurius’ ${shown(p99(MERCURIUS))}`,
      measured: shown(p99(REELGATE)),
      met: p99(REELGATE).median < p99(MERCURIUS).median,
      bare: shown(p99(BARE)),
    },
  ];
  const text = `A POST of JSON queries one job, 12 fields and the nested video, over ${CONNECTIONS} keep-alive connections with one request in progress
each. The peers read the job from memory. Reelgate authenticates, checks the limits and reads its embedded store, which has the job in its
cache. A caller’s token is verified once a minute. Latency is in milliseconds, with all connections busy and at
${RATE.toLocaleString('en')} requests a second. A CPU second is one of all threads of the server process. The load generator used at most ${Math.round(busiest * 100)} % of its core. There are ${rounds} rounds of ${seconds} s, and of ${seconds * PACED_SHARE} s at that rate.

${table(['', 'requests a second', 'ratio to bare', 'requests a CPU second', 'ratio to bare', 'p50, busy', 'p99, busy', 'p50, moderate', 'p99, moderate'], rows)}`;
  return { title: 'A query over HTTP', text, aims };
}

function signedInJob(number: number): Job {
  return { ...completedJob(number), ownerId: SIGNED_IN_OWNER };
}

function nothingYet(): Measured {
  return {
    perSecond: [],
    perCpuSecond: [],
    saturated: { p50: [], p99: [] },
    moderate: { p50: [], p99: [] },
  };
}

function startServer(file: string, options: readonly string[] = []): Promise<BenchProcess> {
  return BenchProcess.start({ file, place: 'server', options });
}

function fail(name: string): never {
  throw new Error(`${name} was not measured.`);
}
