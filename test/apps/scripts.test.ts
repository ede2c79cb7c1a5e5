import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE } from '../command-line/start-command.ts';
import { packClient } from '../package/packed-client.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { countLines, readRecipe } from './readme.ts';
import { run } from './run.ts';

/** The packages of Node, Deno and Bun contain the programs; their install scripts put them into place. */
const PACKAGE = { type: 'module', private: true, allowScripts: { node: true, deno: true, bun: true } };
const resources = new AsyncDisposableStack();
let folder: string;
let gateway: SpawnedGateway;

beforeAll(async () => {
  folder = resources.use(tempFolder()).path;
  const { tarball } = await packClient(folder);
  gateway = resources.use(await spawnGateway({ DATA_DIR: join(folder, 'data'), SANDBOX_SPEED: '10' }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(PACKAGE));
  const programs = ['node@20', 'deno@2', 'bun@1', 'typescript', '@types/node'];
  await run(folder, 'npm', 'install', '--no-audit', '--no-fund', tarball, ...programs);
  copyFileSync(IMAGE, join(folder, 'photo.png'));
  writeFileSync(join(folder, 'script.ts'), readRecipe('Start', gateway.url).code);
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    types: ['node'],
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['script.ts'] }));
  await run(folder, 'npx', 'tsc');
}, 600_000);
afterAll(() => resources.disposeAsync());

const bin = (name: string) => join(folder, 'node_modules/.bin', name);

test('the first lines of the README are at most ten', () => {
  expect(countLines(readRecipe('Start', gateway.url).code)).toBeLessThanOrEqual(10);
});

test.each([
  { name: 'Node 20', program: 'node', args: ['script.js'] },
  { name: 'Deno', program: 'deno', args: ['run', '--allow-all', 'script.ts'] },
  { name: 'Bun', program: 'bun', args: ['script.ts'] },
])('they generate a video in $name, show the status live, and end', async ({ program, args }) => {
  const output = await run(folder, bin(program), ...args);
  expect(output).toMatch(/^QUEUED 0\n(?:.*\n)*PROCESSING 0\.\d+\n(?:.*\n)*COMPLETED 1\nhttp\S+\n$/);
});

test('Node 20 warns of no leak when 20 calls run at the same time', async () => {
  const script = `
    process.on('warning', ({ name }) => console.log(name));
    const { createReelgate } = await import('@reelgate/client');
    const client = createReelgate({ url: '${gateway.url}/graphql' });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => client.jobs({ signal })));
    console.log('done');`;
  await expect(run(folder, bin('node'), '--input-type=module', '--eval', script)).resolves.toBe('done\n');
});

test('Node 20 has the version that its name says', async () => {
  await expect(run(folder, bin('node'), '--version')).resolves.toMatch(/^v20\./);
});

test('the command of the README saves a video in Node 20', async () => {
  const file = join(folder, 'wave.mp4');
  const args = ['generate', 'photo.png', 'the waves roll in', '-o', file, '--url', gateway.url];
  await expect(run(folder, bin('node'), bin('reelgate'), ...args)).resolves.toBe(`${file}\n`);
  expect(readdirSync(folder)).toContain('wave.mp4');
});
