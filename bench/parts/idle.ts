import { execFileSync } from 'node:child_process';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { sampleOf } from '../measure/statistics.ts';
import { digits, shown, table } from '../measure/table.ts';
import { startReelgate } from '../reelgate/gateway.ts';
import { runningJob } from '../reelgate/jobs.ts';
import { FIRST_VERSION } from '../sample.ts';
import type { Part } from './part.ts';

interface Contestant {
  readonly name: string;
  readonly start: (jobs: number) => Promise<BenchProcess>;
  /** Whether the server sends a first state when the subscription is open. Otherwise the server counts its subscriptions. */
  readonly showsFirstState: boolean;
  readonly kibibytes: number[];
  readonly perSecond: number[];
  readonly cpuMs: number[];
}

const FEWER_ROUNDS = 2;
const WARM_UP_SOCKETS = 200;
const AT_ONCE = 200;
const CHECK_MS = 10;
const OPEN_TIMEOUT_MS = 60_000;
const MAX_KIBIBYTES = 16;

/** Measures many subscriptions without events. */
export async function measureIdle({ rounds, idleSockets }: Effort): Promise<Part> {
  const sockets = Math.min(idleSockets, socketLimit());
  const bare = peer('bare ws', 'servers/bare-ws.ts');
  const reelgate: Contestant = {
    ...peer('Reelgate', ''),
    start: (jobs) => startReelgate(jobs, (number) => runningJob(number, FIRST_VERSION)),
    showsFirstState: true,
  };
  const peers = [
    peer('Yoga + graphql-ws', 'peers/yoga-ws.ts'),
    peer('graphql-ws + graphql-js', 'peers/graphql-ws.ts'),
    peer('Mercurius', 'peers/mercurius.ts'),
  ];
  const all = [bare, reelgate, ...peers];
  const most = Math.max(1, rounds - FEWER_ROUNDS);
  for (let round = 1; round <= most; round += 1) {
    for (const contestant of all) {
      progress(`idle: round ${round} of ${most}, ${contestant.name}`);
      await measure(contestant, sockets);
    }
  }
  const rows = all.map(({ name, kibibytes, perSecond, cpuMs }) => [
    name,
    shown(sampleOf(kibibytes)),
    shown(sampleOf(perSecond)),
    shown(sampleOf(cpuMs)),
  ]);
  const count = sockets.toLocaleString('en');
  const text = `${count} sockets have one subscription each, to a job of its own that does not change. The measure is the resident memory of the server process
after garbage collection, minus its memory after the first ${WARM_UP_SOCKETS} sockets were opened and closed. A subscription of Reelgate is open when it
has sent the job’s present state, which it reads from its store. The peers send no state; theirs is open when its resolver has run. There are ${most} rounds, each with processes of its own.

${table(['', 'KiB a subscription', 'subscriptions opened a second', 'CPU ms to open one'], rows)}`;
  const fastest = Math.max(...peers.map(({ perSecond }) => sampleOf(perSecond).median));
  return {
    title: 'Idle subscriptions',
    text,
    aims: [
      {
        what: `Idle subscription, KiB resident at ${count}`,
        aim: `at most ${MAX_KIBIBYTES}`,
        measured: shown(sampleOf(reelgate.kibibytes)),
        met: sampleOf(reelgate.kibibytes).median <= MAX_KIBIBYTES,
        bare: shown(sampleOf(bare.kibibytes)),
      },
      {
        what: 'Subscriptions opened a second',
        aim: `at least the best peer’s ${digits(fastest)}`,
        measured: shown(sampleOf(reelgate.perSecond)),
        met: sampleOf(reelgate.perSecond).median >= fastest,
        bare: shown(sampleOf(bare.perSecond)),
      },
    ],
  };
}

async function measure(contestant: Contestant, sockets: number): Promise<void> {
  await using server = await contestant.start(sockets);
  await using load = await BenchProcess.start({ file: 'load/ws-load.ts', place: 'load' });
  const port = await server.port();
  const open = async (count: number) => {
    const before = contestant.showsFirstState ? 0 : await server.ask<number>('subscribed');
    await load.ask('open', {
      port,
      sockets: count,
      firstJob: 0,
      jobs: count,
      versioned: true,
      atOnce: AT_ONCE,
    });
    const openCount = async () =>
      contestant.showsFirstState
        ? await load.ask<number>('heard')
        : (await server.ask<number>('subscribed')) - before;
    for (let waited = 0; (await openCount()) < count; waited += CHECK_MS) {
      if (waited > OPEN_TIMEOUT_MS) throw new Error(`${contestant.name} did not open all subscriptions.`);
      await sleep(CHECK_MS);
    }
  };
  await open(WARM_UP_SOCKETS);
  await load.ask('close');
  await sleep(300);
  const before = await server.ask<number>('residentBytes');
  const usedBefore = await server.ask<number>('cpuSeconds');
  const started = performance.now();
  await open(sockets);
  contestant.perSecond.push(sockets / ((performance.now() - started) / 1000));
  const used = (await server.ask<number>('cpuSeconds')) - usedBefore;
  contestant.cpuMs.push((used * 1000) / sockets);
  const after = await server.ask<number>('residentBytes');
  // Fails if a socket was closed meanwhile: it would need no memory.
  await load.ask('heard');
  contestant.kibibytes.push((after - before) / 1024 / sockets);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function peer(name: string, file: string): Contestant {
  return {
    name,
    start: () => BenchProcess.start({ file, place: 'server' }),
    showsFirstState: false,
    kibibytes: [],
    perSecond: [],
    cpuMs: [],
  };
}

/** Open files of a process besides its sockets. */
const OTHER_FILES = 300;

/** Maximum number of open sockets of a process. Node raises its soft limit to the hard limit. */
function socketLimit(): number {
  try {
    const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    return limit === 'unlimited' ? Infinity : Number(limit) - OTHER_FILES;
  } catch {
    return Infinity;
  }
}
