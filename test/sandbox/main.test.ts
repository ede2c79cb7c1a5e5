import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { historyRows } from './fault-stage.ts';
import { accepted, temporaryFolder } from './support.ts';

const MAIN = fileURLToPath(new URL('../../packages/sandbox/src/main.ts', import.meta.url));

/** The sandbox as `npm run sandbox` starts it, on a folder of its own and a free port. */
async function startMain(args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const folder = await temporaryFolder();
  const child = spawn(process.execPath, [MAIN, '--folder', folder, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...environment },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

it('shows a job in the history after the lag that it is told', async () => {
  const child = await startMain(['--history-lag', '0']);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const url = /http:\/\/\S+(?=;)/.exec(String((await lines.next()).value))?.[0] ?? '';
  const id = await accepted(url, { steps: 9 });
  expect(await historyRows(url)).toMatchObject([{ request_id: id }]);
});

it.each(['-1', 'soon', '1.5', ''])('does not start with a lag of %j', async (lag) => {
  const child = await startMain([`--history-lag=${lag}`]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(errors).toContain('--history-lag must be a number of milliseconds, 0 or more.');
  expect(errors).toContain('Usage: npm run sandbox');
});

it('listens on loopback, and its URLs begin with the public URL that it is told', async () => {
  const child = await startMain(['--public-url', 'http://sandbox.test:4010']);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toMatch(
    /^sandbox listening on http:\/\/127\.0\.0\.1:\d+, known as http:\/\/sandbox\.test:4010;/,
  );
});

it('does not start with a public URL that is no origin', async () => {
  const child = await startMain(['--public-url=sandbox:4010']);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(errors).toContain('--public-url must be an http or https origin, such as http://sandbox:4010.');
});

it('that listens on every address says that other machines need its public URL', async () => {
  const child = await startMain(['--host', '0.0.0.0']);
  const [hint] = await once(child.stderr.setEncoding('utf8'), 'data');
  expect(hint).toMatch(
    /^URLs in answers begin with http:\/\/127\.0\.0\.1:\d+\. For clients on other machines give --public-url/,
  );
});

it.each([
  [{ SANDBOX_SPEED: 'fast' }, 'SANDBOX_SPEED must be a number above 0, at most 1000, not "fast".'],
  [{ SANDBOX_SPEED: '0' }, 'SANDBOX_SPEED must be a number above 0, at most 1000, not "0".'],
  [{ SANDBOX_SPED: '2' }, 'SANDBOX_SPED is not a setting. Did you mean SANDBOX_SPEED?'],
])('does not start with %j', async (environment, message) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--folder', await temporaryFolder()], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) });
});

it('ignores the settings of a gateway and empty settings', async () => {
  const child = await startMain([], { SEGMIND_APIKEY: 'x', PORT: 'x', SANDBOX_SPEED: ' ' });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toMatch(/^sandbox listening on /);
});

it('does not start with a folder that cannot be made', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--folder', '/proc/x/y'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ENOENT') });
});
