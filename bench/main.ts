/**
 * Compares Reelgate with other servers and with the ceiling of node:http and ws.
 * Usage: npm run bench -- [http] [events] [idle] [poller] [start] [history] [--quick]
 *
 * Without names all parts run, and docs/benchmarks.md is written. `--quick` checks that the benchmark works; its results are not
 * meaningful.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepAwake, standAside } from './measure/cores.ts';
import { FULL, QUICK } from './measure/effort.ts';
import { progress } from './measure/progress.ts';
import { reportOf } from './measure/report.ts';
import { measureEvents } from './parts/events.ts';
import { measureHistory } from './parts/history.ts';
import { measureHttp } from './parts/http.ts';
import { measureIdle } from './parts/idle.ts';
import type { Part } from './parts/part.ts';
import { measurePoller } from './parts/poller.ts';
import { measureStart } from './parts/start.ts';

const PARTS = {
  http: measureHttp,
  events: measureEvents,
  idle: measureIdle,
  poller: measurePoller,
  start: measureStart,
  history: measureHistory,
};

/** Parts that measure Reelgate alone. */
const WITHOUT_PEERS = new Set(['history', 'poller']);

const given = process.argv.slice(2);
const quick = given.includes('--quick');
const names = given.filter((name) => name !== '--quick');
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown part ${unknown.join(', ')}. Parts: ${Object.keys(PARTS).join(', ')}. Option: --quick\n`,
  );
  process.exit(1);
}

const effort = quick ? QUICK : FULL;
const started = performance.now();
if (names.length === 0 || names.some((name) => !WITHOUT_PEERS.has(name))) installPeers();
standAside();
keepAwake();
const parts: Part[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (names.length === 0 || names.includes(name)) parts.push(await measure(effort));
}
progress(`${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
const report = reportOf(parts, effort);
if (names.length === 0 && !quick) {
  writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), report);
  progress('docs/benchmarks.md is written');
} else process.stdout.write(report);

/** Installs the peers of bench/peers at the first run. */
function installPeers(): void {
  const folder = fileURLToPath(new URL('./peers', import.meta.url));
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return;
  progress('installing the peers');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'ignore',
  });
}
