import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE } from '../command-line/start-command.ts';
import { packClient } from '../package/packed-client.ts';
import { launchBrowser, type OpenedPage, type TestBrowser } from '../support/browser/browser.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { countLines, readRecipe } from './readme.ts';
import { run } from './run.ts';
import { serveFolder } from './serve-folder.ts';

const resources = new AsyncDisposableStack();
let base: string;
let tarball: string;
let port: number;
let gateway: SpawnedGateway;
let browser: TestBrowser;

beforeAll(async () => {
  base = resources.use(tempFolder()).path;
  ({ tarball } = await packClient(base));
  await run(base, 'npx', '-y', 'create-vite@latest', 'app', '--template', 'react-ts', '--no-interactive');
  await run(join(base, 'app'), 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts');
  port = await freePort();
  gateway = resources.use(
    await spawnGateway({
      DATA_DIR: join(base, 'data'),
      SANDBOX_SPEED: '10',
      CORS_ORIGINS: `http://127.0.0.1:${port}`,
    }),
  );
  browser = resources.use(await launchBrowser());
}, 600_000);
afterAll(() => resources.disposeAsync());

const generateFromFile = async ({ page }: OpenedPage) => {
  await page.locator('input[type=file]').setInputFiles(IMAGE);
  await page.locator('video[src]').waitFor();
};
const generateFromUrl = async ({ page }: OpenedPage) =>
  page.getByRole('button', { name: 'Generate' }).click();

test.each([
  { heading: 'React', generate: generateFromFile },
  { heading: 'Apollo Client', generate: generateFromUrl },
  { heading: 'urql', generate: generateFromUrl },
])(
  'a fresh Vite app shows a live status by the lines of "$heading": three steps, at most fifteen lines',
  async ({ heading, generate }) => {
    const { commands, code } = readRecipe(heading, gateway.url);
    // The third step pastes the lines.
    expect(commands).toHaveLength(2);
    expect(countLines(code)).toBeLessThanOrEqual(15);
    const app = join(base, heading.replaceAll(' ', '-'));
    cpSync(join(base, 'app'), app, { recursive: true, verbatimSymlinks: true });
    const packages = commands[1]?.replace(/.* npm install @reelgate\/client/, '').split(' ') ?? [];
    await run(
      app,
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      tarball,
      ...packages.filter((name) => name !== ''),
    );
    writeFileSync(join(app, 'src/App.tsx'), code);
    // The template's own build, which also checks the types.
    await run(app, 'npm', 'run', 'build');
    await run(app, 'npm', 'run', 'lint', '--', '--deny-warnings');
    await using server = await serveFolder(join(app, 'dist'), port);
    await using opened = await browser.open();
    await opened.page.goto(server.url);
    await generate(opened);
    await opened.page.getByText('COMPLETED').waitFor();
    expect(opened.errors()).toEqual([]);
  },
  300_000,
);
