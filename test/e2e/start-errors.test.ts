import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startSandbox } from '@reelgate/sandbox';
import { spawnFailingGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

test.each([
  ['a folder that cannot be made', { DATA_DIR: '/proc/x' }, 'DATA_DIR /proc/x cannot be made there'],
  [
    'a host of another machine',
    { HOST: '203.0.113.7', ALLOW_ANONYMOUS: 'true', SANDBOX: 'true' },
    'HOST 203.0.113.7 is no address',
  ],
  [
    'a missing file',
    { AUTH_API_KEYS_FILE: '/nowhere/keys' },
    'AUTH_API_KEYS_FILE /nowhere/keys cannot be read',
  ],
  ['a damaged database', {}, 'DATA_DIR'],
] as const)('%s stops the start with the setting, without a stack', async (_, settings, told) => {
  using folder = tempFolder();
  if (told === 'DATA_DIR') writeFileSync(`${folder.path}/reelgate.sqlite`, 'x'.repeat(5000));
  const { exit, output } = await spawnFailingGateway({ DATA_DIR: folder.path, ...settings });
  expect(exit).toBe(1);
  expect(output).toContain(`the gateway could not start: ${told}`);
  expect(output).not.toMatch(/"stack"|\bat .*\.ts:\d/);
});

test.each([
  ['SG_invalid', true],
  ['SG_good', false],
] as const)('the key %s is told to be refused at the start: %s', async (key, isRefused) => {
  using folder = tempFolder();
  await using sandbox = await startSandbox({ folder: `${folder.path}/sandbox`, speed: 20 });
  await using gateway = await spawnGateway({
    DATA_DIR: `${folder.path}/data`,
    SEGMIND_API_KEY: key,
    SEGMIND_BASE_URL: sandbox.url,
    LOG_LEVEL: 'debug',
  });
  const told = `SEGMIND_API_KEY is refused by ${sandbox.url} (HTTP 401: Invalid API key)`;
  const asked = isRefused ? told : 'the upstream did not refuse the API key';
  await expect.poll(() => gateway.output(), { timeout: 30_000 }).toContain(asked);
  expect(gateway.output().includes(told)).toBe(isRefused);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
});
