import { RedisServer } from '../../test/support/redis/redis-server.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { CallCost, Sizes } from '../history/history.ts';
import type { Effort } from '../measure/effort.ts';
import { BenchProcess } from '../measure/process.ts';
import { progress } from '../measure/progress.ts';
import { type Sample, sampleOf } from '../measure/statistics.ts';
import { digits, shown, table } from '../measure/table.ts';
import type { Aim, Part } from './part.ts';

const ENGINES = ['SQLite', 'Redis'] as const;
type EngineName = (typeof ENGINES)[number];
/** Where there are many owners, each has this many jobs in every history. */
const JOBS_OF_ONE_OF_MANY = 100;
const ROUNDS = 3;
/** Jobs that are loaded with one command to the process. */
const LOADED_AT_ONCE = 10_000;
const MAX_RATIO = 2;
const MAX_BLOCK_MS = 20;
const MAX_BYTES = 1200;
/** A shorter call is not compared with the aim: at this length the noise is larger than the ratio. */
const MIN_MS = 0.1;

interface Measured {
  readonly jobs: number;
  readonly sizes: Sizes;
  /** By the call's name: a cost of each round. */
  readonly costs: ReadonlyMap<string, readonly CallCost[]>;
}

interface Series {
  readonly engine: EngineName;
  readonly hasManyOwners: boolean;
  /** From the smallest history to the largest. */
  readonly histories: readonly Measured[];
}

/** Measures the calls of both stores with histories of different lengths. */
export async function measureHistory({ historyJobs }: Effort): Promise<Part> {
  const all: Series[] = [];
  for (const engine of ENGINES) {
    for (const hasManyOwners of [false, true]) {
      const histories: Measured[] = [];
      for (const jobs of historyJobs) {
        const owners = hasManyOwners ? jobs / JOBS_OF_ONE_OF_MANY : 1;
        histories.push(await measure(engine, jobs, owners));
      }
      all.push({ engine, hasManyOwners, histories });
    }
  }
  const sections = all.map((series) => `${titleOf(series)}:\n\n${costTable(series)}`);
  const text = `A history of a week belongs to one owner, of whose jobs one in ${count(10_000)} failed (at least 30), or to owners with ${JOBS_OF_ONE_OF_MANY} jobs each, of which one failed. ${count(DUE_JOBS)} more jobs are
unfinished and due. All jobs were stored through the store’s port. The first column has the median duration of a call in milliseconds with the
smallest history, the next ones the ratio to it with larger histories. Of each round of calls the longest block is taken: the longest
time for which the process, or Redis, did nothing else. The figures are of ${ROUNDS} rounds; “purge” is measured once: on SQLite the time for one expired
job when ${count(20_000)} have expired, on Redis a create that finds expired jobs. The stores do not wait for the disk.

${sections.join('\n\n')}

Bytes a job, and the ratio to the smallest history. On Redis they are of its memory, on SQLite of its file:

${sizeTable(all)}`;
  return { title: 'History', text, aims: all.flatMap(aimsOf) };
}

const DUE_JOBS = 100;

async function measure(engine: EngineName, jobs: number, owners: number): Promise<Measured> {
  const name = `history: ${engine}, ${count(jobs)} jobs of ${owners === 1 ? 'one owner' : `${count(owners)} owners`}`;
  progress(`${name} are stored`);
  await using redis = engine === 'Redis' ? await RedisServer.start() : null;
  const folder = tempFolder();
  await using process = await BenchProcess.start({
    file: 'history/history.ts',
    place: 'server',
    args: [String(jobs), String(owners), redis?.url ?? folder.path],
  });
  process.defer(folder);
  for (let from = 0; from < jobs; from += LOADED_AT_ONCE) {
    await process.ask('load', { from, to: Math.min(jobs, from + LOADED_AT_ONCE) });
  }
  const sizes = await process.ask<Sizes>('sizes');
  progress(`${name} are measured`);
  const costs = new Map<string, CallCost[]>();
  const add = (cost: CallCost) => costs.set(cost.name, [...(costs.get(cost.name) ?? []), cost]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const cost of await process.ask<CallCost[]>('measure')) add(cost);
  }
  add(await process.ask<CallCost>('purge'));
  return { jobs, sizes, costs };
}

function costTable({ engine, histories }: Series): string {
  const [smallest, ...larger] = histories;
  const largest = histories.at(-1);
  if (smallest === undefined || largest === undefined) return '';
  const head = [
    '',
    `ms, ${count(smallest.jobs)} jobs`,
    ...larger.map(({ jobs }) => `ratio, ${count(jobs)}`),
    `longest block in ms, ${count(largest.jobs)}`,
    ...(engine === 'Redis' ? ['longest command in Redis'] : []),
  ];
  const rows = [...smallest.costs.keys()].map((name) => {
    const ratios = larger.map((history) => digits(ratio(smallest, history, name)));
    const block = shown(sample(largest, name, ({ blockMs }) => blockMs));
    const command = shown(sample(largest, name, ({ engineMs }) => engineMs));
    const cells = [name, shown(sample(smallest, name, ({ ms }) => ms))].concat(ratios, block);
    return engine === 'Redis' ? cells.concat(command) : cells;
  });
  return table(head, rows);
}

function sizeTable(all: readonly Series[]): string {
  const sizes = all[0]?.histories.map(({ jobs }) => count(jobs)) ?? [];
  const rows = all.map((series) => {
    const bytes = series.histories.map(({ jobs, sizes: { bytes: size } }) => size / jobs);
    const [smallest = Number.NaN] = bytes;
    return [
      titleOf(series),
      ...bytes.map((each) => `${digits(each)} · ${digits(each / smallest)}`),
      digits((series.histories.at(-1)?.sizes.heapBytes ?? Number.NaN) / 2 ** 20),
    ];
  });
  return table(['', ...sizes, `MiB in the gateway’s heap, ${sizes.at(-1)}`], rows);
}

function aimsOf(series: Series): Aim[] {
  const { engine, histories } = series;
  const [smallest] = histories;
  const largest = histories.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const names = [...smallest.costs.keys()];
  const slow = names.filter((name) => sample(largest, name, ({ ms }) => ms).median > MIN_MS);
  const [slowest = '', worstRatio = Number.NaN] = highest(slow, (name) => ratio(smallest, largest, name));
  const blockOf = (name: string) =>
    sample(largest, name, ({ blockMs, engineMs }) => Math.max(blockMs, engineMs)).median;
  const [blocking = '', block = Number.NaN] = highest(names, blockOf);
  const what = `${count(largest.jobs)} jobs, ${titleOf(series)}`;
  const bytes = largest.sizes.bytes / largest.jobs;
  return [
    {
      what: `${what}: the highest ratio to ${count(smallest.jobs)} jobs, of calls above ${MIN_MS} ms`,
      aim: `at most ${MAX_RATIO}`,
      measured: `${digits(worstRatio)} (${slowest})`,
      met: worstRatio <= MAX_RATIO,
    },
    {
      what: `${what}: the longest block in ms`,
      aim: `at most ${MAX_BLOCK_MS}`,
      measured: `${digits(block)} (${blocking})`,
      met: block <= MAX_BLOCK_MS,
    },
    ...(engine === 'Redis'
      ? [
          {
            what: `${what}: bytes a job`,
            aim: `at most ${count(MAX_BYTES)}`,
            measured: digits(bytes),
            met: bytes <= MAX_BYTES,
          },
        ]
      : []),
  ];
}

function titleOf({ engine, hasManyOwners }: Series): string {
  return `${engine}, ${hasManyOwners ? `${JOBS_OF_ONE_OF_MANY} jobs of each owner` : 'one owner'}`;
}

function sample({ costs }: Measured, name: string, valueOf: (cost: CallCost) => number): Sample {
  return sampleOf((costs.get(name) ?? []).map(valueOf));
}

function ratio(smallest: Measured, history: Measured, name: string): number {
  const median = (measured: Measured) => sample(measured, name, ({ ms }) => ms).median;
  return median(history) / median(smallest);
}

function highest(names: readonly string[], valueOf: (name: string) => number): readonly [string?, number?] {
  const values = names.map((name) => [name, valueOf(name)] as const);
  return values.toSorted(([, a], [, b]) => b - a)[0] ?? [];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
