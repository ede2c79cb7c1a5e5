/**
 * Causes every fault of the table in docs/operations.md while jobs run, and checks that Prometheus sees each one in the metrics that its row
 * names. Usage: npm run bench:chaos -- [beginnings of faults, default all]
 *
 * Three gateways share a Redis with a replica and Sentinels, a fourth one has the embedded store. Prometheus scrapes all of them each second.
 * It fails unless every metric shows its fault, every fault has a cause, and every job has ended. It needs Linux, root (file systems in
 * memory), and the Debian packages prometheus and redis-server.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startPrometheus } from '../test/support/process/prometheus.ts';
import { CAUSES, pairCauses } from './chaos/causes/causes.ts';
import { readFaultTable } from './chaos/fault-table.ts';
import { UNFINISHED } from './chaos/load.ts';
import { reportOf } from './chaos/report.ts';
import { runFault, type Shown } from './chaos/run-fault.ts';
import { gatewaysOf, openStage } from './chaos/stage.ts';
import { waitFor } from './chaos/wait-for.ts';
import { progress } from './measure/progress.ts';

const EVERY_MS = 1500;
/** Load without a fault, to learn the usual values. */
const QUIET_MS = 25_000;
/** The deadline of jobs is 150 s. */
const DRAIN_MS = 240_000;

const wanted = process.argv.slice(2);
const pairs = pairCauses(readFaultTable(readFileSync('docs/operations.md', 'utf8')), CAUSES).filter(
  ({ row }) => wanted.length === 0 || wanted.some((beginning) => row.fault.startsWith(beginning)),
);
if (pairs.length === 0) throw new Error(`No fault begins with ${wanted.join(' or ')}.`);
const startedAt = Date.now();
await using resources = new AsyncDisposableStack();
// Otherwise the processes and the mounts would stay.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void resources.disposeAsync().finally(() => process.exit(130)));
}
const stage = await openStage(resources);
const { load, toApi, toEmbedded } = stage;
const targets = Object.fromEntries(gatewaysOf(stage).map(({ name, metrics }) => [name, metrics]));
const prometheus = resources.use(await startPrometheus(targets, 'deploy/prometheus/alerts.yml'));
load.start([toApi, toEmbedded], EVERY_MS);
resources.defer(() => load.stopAll());

// The first jobs are slower: the gateways have just started.
await delay(QUIET_MS / 2);
const quietFrom = Date.now() / 1000;
await delay(QUIET_MS);
const quiet = { from: quietFrom, to: Date.now() / 1000 };
const chaosAt = Date.now();
const shown: Shown[] = [];
for (const { cause, row } of pairs) {
  progress(`${seconds(startedAt)} s: ${row.fault}`);
  const metrics = await runFault({ stage, prometheus, cause, row, quiet });
  shown.push(...metrics);
  for (const { selector, evidence } of metrics) if (evidence === null) progress(`  not seen: ${selector}`);
}
const chaosSeconds = seconds(chaosAt);

await load.stopAll();
progress(`${seconds(startedAt)} s: waiting for the end of ${load.accepted} jobs`);
let ends = new Map<string, number>();
let areEnded = true;
try {
  await waitFor(
    'every job has ended',
    async () => {
      ends = await load.ends();
      const unfinished = UNFINISHED.filter((end) => ends.has(end));
      for (const end of unfinished) progress(`  ${end} ${ends.get(end)}`);
      return unfinished.length === 0;
    },
    DRAIN_MS,
    5000,
  );
} catch (error) {
  progress(String(error));
  areEnded = false;
}
const unseen = shown.filter(({ evidence, isUsual }) => evidence === null || isUsual).length;
const lines = [
  reportOf(shown),
  '',
  `${pairs.length} faults in ${chaosSeconds} s; ${shown.length - unseen} of ${shown.length} metrics showed their fault.`,
  `${load.accepted} jobs accepted, ${load.refused} requests refused. Their ends: ${[...ends].map(([end, count]) => `${end} ${count}`).join(', ')}.`,
  `${areEnded ? 'Every job has ended' : 'SOME JOBS HAVE NOT ENDED'}, ${seconds(startedAt)} s in all.`,
];
process.stdout.write(`${lines.join('\n')}\n`);
if (unseen > 0 || !areEnded) process.exitCode = 1;

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
