/**
 * Measures the console with 100 live jobs in the list: the size of its script, the time to first paint, layout shifts while jobs
 * change, and long tasks.
 * Usage: npm run bench:console
 */
import { readdirSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { launchBrowser } from '../test/support/browser/browser.ts';
import { ConsolePage } from '../test/support/browser/console-page.ts';
import { generate, spawnGateway } from '../test/support/gateway/spawned-gateway.ts';
import { tempFolder } from '../test/support/temp-folder.ts';

const JOBS = 100;
/** So slow that all jobs are created and rendered before the first completes. */
const SPEED = '0.35';
const TIMEOUT_MS = 180_000;

/** Records long tasks and layout shifts from the start of a page. */
const OBSERVE = `
  globalThis.tasks = [];
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const { startTime, value, hadRecentInput } of list.getEntries())
      if (!hadRecentInput) shifts.push({ startTime, value });
  }).observe({ type: 'layout-shift', buffered: true });
`;

interface Recorded {
  readonly firstPaint: number;
  readonly tasks: readonly { readonly startTime: number; readonly duration: number }[];
  readonly shifts: readonly { readonly startTime: number; readonly value: number }[];
}

using folder = tempFolder();
await using gateway = await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: SPEED });
await using browser = await launchBrowser();
await using opened = await browser.open({ viewport: { width: 1440, height: 1000 } });
const { page } = opened;
await page.addInitScript(OBSERVE);

const image = 'https://example.com/bench.png';
const make = (index: number) =>
  generate(gateway.url, { image, prompt: `job ${index}`, resolution: 'R360', videoLength: 1, steps: 10 });
await Promise.all(Array.from({ length: JOBS }, (_, index) => make(index)));
await page.goto(gateway.url);
const console = new ConsolePage(opened);
await console.live();
await console.cards.first().waitFor();
while ((await console.cards.count()) < JOBS) {
  const before = await console.cards.count();
  await page.getByRole('button', { name: 'Show older' }).click();
  while ((await console.cards.count()) === before) await setTimeout(50);
}
// Wait for the initial rendering.
await setTimeout(500);
const from: number = await page.evaluate('performance.now()');
const unfinished = page.locator('.card[data-status=QUEUED], .card[data-status=PROCESSING]');
const live = await unfinished.count();
const start = performance.now();
while ((await unfinished.count()) > 0) {
  if (performance.now() - start > TIMEOUT_MS)
    throw new Error(`The jobs did not end within ${TIMEOUT_MS / 1000} s.`);
  await setTimeout(500);
}
const seconds = (performance.now() - start) / 1000;

const { firstPaint, tasks, shifts }: Recorded = await page.evaluate(`({
  firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0, tasks, shifts,
})`);
const streamed = tasks.filter(({ startTime }) => startTime >= from).map(({ duration }) => duration);
const moved = shifts.filter(({ startTime }) => startTime >= from).reduce((sum, { value }) => sum + value, 0);
const initial = tasks.filter(({ startTime }) => startTime < from).map(({ duration }) => duration);
const assets = 'console/dist/assets';
const script = readdirSync(assets)
  .filter((name) => name.endsWith('.js.gz'))
  .reduce((sum, name) => sum + statSync(`${assets}/${name}`).size, 0);

const lines = [
  `JavaScript, gzipped            ${Math.round(script / 1000)} kB`,
  `first contentful paint         ${Math.round(firstPaint)} ms`,
  `long tasks, initial rendering  ${tasksOf(initial)}`,
  `jobs live, then followed for   ${live}, ${seconds.toFixed(0)} s to the last one's end`,
  `long tasks while they change   ${tasksOf(streamed)}`,
  `layout shift while they change ${moved.toFixed(4)}`,
];
process.stdout.write(`${lines.join('\n')}\n`);

/** The number of tasks and the longest one. */
function tasksOf(durations: readonly number[]): string {
  return durations.length === 0 ? 'none' : `${durations.length}, the longest ${Math.max(...durations)} ms`;
}
