import { writeFileSync } from 'node:fs';
import { startSandbox } from '@reelgate/sandbox';
import { describe, expect, test } from 'vitest';
import { spawnFailingGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('the gateway does not start, and says why without a stack', () => {
  test.each([
    [{ HOST: '0.0.0.0' }, 'HOST: 0.0.0.0 is open to other machines and callers do not sign in'],
    [{ TRUSTED_DOCUMENTS_FILE: '/nowhere/a' }, 'TRUSTED_DOCUMENTS_FILE /nowhere/a cannot be read'],
    [
      { AUTH_API_KEYS_FILE: '/nowhere/a' },
      'the gateway could not start: AUTH_API_KEYS_FILE /nowhere/a cannot be read',
    ],
    [{ DATA_DIR: '/proc/x' }, 'the gateway could not start: DATA_DIR /proc/x cannot be created'],
    [
      { HOST: '203.0.113.7', ALLOW_ANONYMOUS: 'true', SANDBOX: 'true' },
      'the gateway could not start: HOST 203.0.113.7 is not an address',
    ],
  ])('with %j', async (settings, reason) => {
    using folder = tempFolder();
    expect(await failedStart({ DATA_DIR: folder.path, ...settings })).toContain(reason);
  });

  test('with several invalid settings, and names them all', async () => {
    const settings = { PORT: 'http', SEGMIND_RPM: '-1', LOG_LEVEL: 'loud' };
    const output = await failedStart(settings);
    for (const name of Object.keys(settings)) expect(output).toContain(name);
  });

  test('with a damaged database', async () => {
    using folder = tempFolder();
    writeFileSync(`${folder.path}/reelgate.sqlite`, 'x'.repeat(5000));
    expect(await failedStart({ DATA_DIR: folder.path })).toContain('the gateway could not start: DATA_DIR');
  });

  test('on the folder or the port of a running gateway, which is not disturbed', async () => {
    using folder = tempFolder();
    using other = tempFolder();
    await using gateway = await spawnGateway({ DATA_DIR: folder.path });
    const { port } = new URL(gateway.url);
    const inUse = `The data folder ${folder.path} is in use by another Reelgate process.`;
    expect(await failedStart({ DATA_DIR: folder.path })).toContain(inUse);
    expect(await failedStart({ DATA_DIR: other.path, PORT: port })).toContain(
      `address already in use 127.0.0.1:${port}`,
    );
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  });
});

describe('the gateway starts with a warning', () => {
  test.each([
    ['SG_invalid', true],
    ['SG_good', false],
  ] as const)('when the upstream refuses the key %s: %s', async (key, isRefused) => {
    using folder = tempFolder();
    await using sandbox = await startSandbox({ folder: `${folder.path}/sandbox`, speed: 20 });
    await using gateway = await spawnGateway({
      DATA_DIR: `${folder.path}/data`,
      SEGMIND_API_KEY: key,
      SEGMIND_BASE_URL: sandbox.url,
      METRICS_PORT: '0',
    });
    const [, metrics = ''] = /metrics are served at (http:\/\/[\w.:]+\/metrics)/.exec(gateway.output()) ?? [];
    const answer = `{call="credits",http_response_status_code="${isRefused ? 401 : 200}"} 1`;
    await expect.poll(async () => (await fetch(metrics)).text(), { timeout: 30_000 }).toContain(answer);
    const warning = `SEGMIND_API_KEY is refused by ${sandbox.url} (HTTP 401: Invalid API key)`;
    await expect.poll(() => gateway.output().includes(warning), { timeout: 30_000 }).toBe(isRefused);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  });

  test('when AUTH_JWKS_URL cannot be fetched: with the reason and what to do', async () => {
    using folder = tempFolder();
    const url = `http://127.0.0.1:${await freePort()}/jwks`;
    await using gateway = await spawnGateway({ DATA_DIR: folder.path, AUTH_JWKS_URL: url });
    const warning = `AUTH_JWKS_URL ${url} cannot be fetched \\(.*ECONNREFUSED.*callers with a JWT get AUTH_UNAVAILABLE until it can be. Check the URL`;
    await expect.poll(() => gateway.output()).toMatch(new RegExp(`"level":"warn".*${warning}`));
  });

  test('when many apps share the keys at AUTH_JWKS_URL and AUTH_AUDIENCE is not set', async () => {
    using folder = tempFolder();
    await using gateway = await spawnGateway({
      DATA_DIR: folder.path,
      AUTH_JWKS_URL: 'https://www.googleapis.com/oauth2/v3/certs',
      AUTH_ISSUER: 'https://accounts.google.com',
      // A dead proxy keeps the test from fetching the real keys.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    });
    expect(gateway.output()).toMatch(
      /"level":"warn".*AUTH_JWKS_URL is at www.googleapis.com, .* and AUTH_AUDIENCE is not set: tokens that were issued for other apps are accepted/,
    );
  });
});

/** @returns the output of a gateway that exits with 1 and shows no stack */
async function failedStart(settings: Readonly<Record<string, string>>): Promise<string> {
  const { exit, output } = await spawnFailingGateway(settings);
  expect(exit).toBe(1);
  expect(output).not.toMatch(/"stack"|\\n {4}at |\bat .*\.ts:\d/);
  return output;
}
