import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { IMAGE } from '../command-line/start-command.ts';
import { packClient } from '../package/packed-client.ts';
import { launchBrowser, type TestBrowser } from '../support/browser/browser.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readRecipe } from './readme.ts';
import { environment, run } from './run.ts';

const resources = new AsyncDisposableStack();
let app: string;
let origin: string;
let gateway: SpawnedGateway;
let browser: TestBrowser;

const OPTIONS = [
  '--ts',
  '--app',
  '--no-eslint',
  '--no-tailwind',
  '--no-src-dir',
  '--use-npm',
  '--disable-git',
  '--yes',
];

beforeAll(async () => {
  const folder = resources.use(tempFolder()).path;
  app = join(folder, 'app');
  const { tarball } = await packClient(folder);
  await run(folder, 'npx', '-y', 'create-next-app@latest', 'app', ...OPTIONS, '--import-alias', '@/*');
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  gateway = resources.use(
    await spawnGateway({ DATA_DIR: join(folder, 'data'), SANDBOX_SPEED: '10', CORS_ORIGINS: origin }),
  );
  await run(app, 'npm', 'install', '--no-audit', '--no-fund', tarball);
  writeFileSync(join(app, 'app/page.tsx'), `'use client';\n${readRecipe('React', gateway.url).code}`);
  removeFonts(join(app, 'app/layout.tsx'));
  await run(app, 'npm', 'run', 'build');
  browser = resources.use(await launchBrowser());
  const server = spawn('npx', ['next', 'start', '--hostname', '127.0.0.1', '--port', String(port)], {
    cwd: app,
    env: environment(),
    stdio: 'ignore',
    // A process group of its own, so that its children end with it.
    detached: true,
  });
  resources.defer(async () => {
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    await once(server, 'close');
  });
  await vi.waitFor(() => fetch(origin), { timeout: 60_000, interval: 100 });
}, 600_000);
afterAll(() => resources.disposeAsync());

test('a fresh Next app renders the lines of "React" on the server, hydrates them and shows a live status', async () => {
  const html = await fetch(origin).then((answer) => answer.text());
  expect(html).toContain('<input type="file"');
  await using opened = await browser.open();
  await opened.page.goto(origin);
  await opened.page.locator('input[type=file]').setInputFiles(IMAGE);
  await opened.page.locator('video[src]').waitFor();
  await opened.page.getByText('COMPLETED').waitFor();
  expect(opened.errors()).toEqual([]);
});

/** The template's fonts are downloaded when it is built, which needs a network. */
function removeFonts(layout: string): void {
  const text = readFileSync(layout, 'utf8')
    .replace(/^import .* from "next\/font\/google";$/m, '')
    .replaceAll(/^const \w+ = \w+\(\{[^}]*\}\);$/gm, '')
    .replace(/className=\{`[^`]*`\}/, '');
  writeFileSync(layout, text);
}
