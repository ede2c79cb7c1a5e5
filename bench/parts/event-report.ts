import type { Effort } from '../measure/effort.ts';
import { percentile, type Sample, sampleOf } from '../measure/statistics.ts';
import { digits, shown, table } from '../measure/table.ts';
import type { EventRun } from './event-run.ts';
import type { Aim, Part } from './part.ts';

/** The measurements of each contestant, per shape and round. */
export type EventResults = readonly {
  readonly run: EventRun;
  readonly shapes: readonly {
    readonly name: string;
    readonly perCpuSecond: number[];
    /** In milliseconds. */
    readonly latencies: number[][];
  }[];
}[];

/** Messages per shape and contestant before the measurement. A fifth was too few: compiling was a large part of the result. */
export const WARM_UP_MESSAGES = 20_000;

type Result = EventResults[number];

/** Targets by shape: Reelgate's messages per CPU second relative to the best peer, embedded and over Redis. */
const AIMS: readonly { readonly embedded: number; readonly redis: number }[] = [
  { embedded: 2.5, redis: 2 },
  { embedded: 4, redis: 4 },
  { embedded: 4, redis: 4 },
  { embedded: 2.5, redis: 2 },
];

export function reportEvents(
  results: EventResults,
  { rounds, seconds }: Pick<Effort, 'rounds' | 'seconds'>,
): Part {
  const bare = results.find(({ run }) => run.contestant.kind === 'bare');
  if (bare === undefined) throw new Error('The bare server was not measured.');
  const names = bare.shapes.map(({ name }) => name);
  const rowsOf = (cell: (result: Result, shape: number) => string) =>
    results.map((result) => [result.run.contestant.name, ...names.map((_, shape) => cell(result, shape))]);
  const rates = rowsOf((result, shape) => {
    const rate = digits(sampleOf(result.shapes[shape]?.perCpuSecond ?? []).median / 1000);
    return `${rate} · ${shown(ratio(result, bare, shape))}`;
  });
  const latencies = rowsOf((result, shape) => {
    const [p50, p99] = [latency(result, shape, 0.5), latency(result, shape, 0.99)];
    return `${digits(p50)}, ${digits(p99)}`;
  });
  const text = `A job gets a new version, and each of its subscribers receives the new state of 12 fields over a WebSocket of its own (graphql-transport-ws,
with operation ids as clients make them). The measure is the CPU time of all threads of the server process from the publication to the
send: publish, execute, serialise and send.

Saving is not counted, because the peers save nothing. In the embedded store the event is published where a save would publish it. Over
Redis another process publishes what a save would publish, to the same two channels; there receiving, executing and sending count. All
publishers send the messages of one moment to Redis in one write. The last row includes the saves.

Versions of one job are one turn of the event loop apart. Over Redis the next version is published when all subscribers have the one before.
While many messages are in transit, the subscribers read once a millisecond. Otherwise a server would pay for waking the readers, and the
fastest server most of all. Latency is measured without that pause. “1 to 1” is 200 jobs with one subscriber each, “1 to 10” is 20 jobs with
ten each, whose events come together, and “1 to 1,000” is one job. Each server has sent ${WARM_UP_MESSAGES.toLocaleString('en')} messages of each kind before it is measured, in ${rounds} rounds of ${digits(seconds)} s.

Thousands of messages a CPU second · ratio to bare:

${table(['', ...names], rates)}

Milliseconds from the event to its message at a moderate rate: p50 and p99 of all rounds together, because one round has too few events for
a p99. Over Redis the time starts with the call that publishes, in the last row with the one that saves:

${table(['', ...names], latencies)}

${deliveryOf(results)}`;
  return { title: 'Events over graphql-transport-ws', text, aims: aimsOf(results, bare, names) };
}

function aimsOf(results: EventResults, bare: Result, names: readonly string[]): Aim[] {
  const aims: Aim[] = [];
  for (const overRedis of [false, true]) {
    const side = results.filter(({ run }) => run.contestant.overRedis === overRedis);
    const own = side.find(({ run }) => run.contestant.kind === 'reelgate');
    const peers = side.filter(({ run }) => run.contestant.kind === 'peer');
    if (own === undefined) continue;
    for (const [shape, name] of names.entries()) {
      const what = `Events ${name}${overRedis ? ' over Redis' : ''}`;
      const best = bestOf(peers, (peer) => -sampleOf(peer.shapes[shape]?.perCpuSecond ?? []).median);
      const least = AIMS[shape]?.[overRedis ? 'redis' : 'embedded'] ?? NaN;
      aims.push({
        what: `${what}, ratio to the best peer`,
        aim: `at least ${least}`,
        measured: shown(ratio(own, best, shape)),
        met: ratio(own, best, shape).median >= least,
        bare: shown(ratio(bare, best, shape)),
      });
      for (const [called, share] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        const fastest = Math.min(...peers.map((peer) => latency(peer, shape, share)));
        aims.push({
          what: `${what}, ${called} in ms`,
          aim: `at most the best peer’s ${digits(fastest)}`,
          measured: digits(latency(own, shape, share)),
          met: latency(own, shape, share) <= fastest,
          bare: digits(latency(bare, shape, share)),
        });
      }
    }
  }
  return aims;
}

function ratio(result: Result, other: Result, shape: number): Sample {
  const others = other.shapes[shape]?.perCpuSecond ?? [];
  const own = result.shapes[shape]?.perCpuSecond ?? [];
  return sampleOf(own.map((value, round) => value / (others[round] ?? NaN)));
}

/** This share of a contestant’s messages, over all rounds, took no longer, in milliseconds. */
function latency({ shapes }: Result, shape: number, share: number): number {
  return percentile(Float64Array.from(shapes[shape]?.latencies.flat() ?? []), share);
}

/** The one with the lowest figure. */
function bestOf(results: readonly Result[], figure: (result: Result) => number): Result {
  const [best] = results.toSorted((a, b) => figure(a) - figure(b));
  if (best === undefined) throw new Error('No peer was measured.');
  return best;
}

function deliveryOf(results: EventResults): string {
  const partial = results
    .filter(({ run: { delivery } }) => delivery.arrived < delivery.sent)
    .map(({ run: { contestant, delivery } }) => {
      const share = ((100 * delivery.arrived) / delivery.sent).toFixed(2);
      return `${contestant.name} sent ${share} % of the versions; a watcher that is behind gets the newest one.`;
    });
  return ['All versions arrived, in order, at all sockets.', ...partial]
    .slice(partial.length > 0 ? 1 : 0)
    .join('\n');
}
