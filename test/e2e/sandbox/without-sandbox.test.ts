import { cpSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnFailingGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Copies what an image without the sandbox contains: the gateway, without the packages that only the sandbox needs. */
function installWithoutSandbox(folder: string): string {
  for (const name of ['src', 'schema', 'package.json']) cpSync(name, join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync('node_modules')) {
    if (['@reelgate', 'sharp', '@img', 'h264-mp4-encoder'].includes(name)) continue;
    symlinkSync(realpathSync(join('node_modules', name)), join(folder, 'node_modules', name));
  }
  return join(folder, 'src', 'main.ts');
}

test('without the sandbox the gateway starts with an upstream', async () => {
  using folder = tempFolder();
  const main = installWithoutSandbox(folder.path);
  const settings = { DATA_DIR: join(folder.path, 'data'), SEGMIND_BASE_URL: 'http://127.0.0.1:9' };
  await using gateway = await spawnGateway(settings, main);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

test('without the sandbox and without an upstream the error says what to set or install', async () => {
  using folder = tempFolder();
  const main = installWithoutSandbox(folder.path);
  const { exit, output } = await spawnFailingGateway({ DATA_DIR: join(folder.path, 'data') }, main);
  expect(exit).toBe(1);
  expect(output).toContain(
    'the gateway could not start: SEGMIND_API_KEY is not set, and the sandbox is not installed: set SEGMIND_API_KEY, or install the package @reelgate/sandbox with its dependencies',
  );
  expect(output).toContain(`imported from ${realpathSync(dirname(main))}/`);
  expect(output).not.toContain('"stack"');
});
