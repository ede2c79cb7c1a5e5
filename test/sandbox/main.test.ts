import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { accepted, temporaryFolder, historyRows } from './support.ts';

const MAIN = fileURLToPath(new URL('../../packages/sandbox/src/main.ts', import.meta.url));

/** Starts the sandbox like `npm run sandbox`, with its own folder and a free port. */
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

it('applies --history-lag', async () => {
  const child = await startMain(['--history-lag', '0']);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const url = /http:\/\/\S+(?=;)/.exec(String((await lines.next()).value))?.[0] ?? '';
  const id = await accepted(url, { steps: 9 });
  expect(await historyRows(url)).toMatchObject([{ request_id: id }]);
});

it('listens on loopback and applies --public-url', async () => {
  const child = await startMain(['--public-url', 'http://sandbox.test:4010']);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toMatch(
    /^sandbox listening on http:\/\/127\.0\.0\.1:\d+, known as http:\/\/sandbox\.test:4010;/,
  );
});

it('explains that other machines need --public-url when it listens on every address', async () => {
  const child = await startMain(['--host', '0.0.0.0']);
  const [hint] = await once(child.stderr.setEncoding('utf8'), 'data');
  expect(hint).toMatch(
    /^URLs in answers begin with http:\/\/127\.0\.0\.1:\d+\. For clients on other machines give --public-url/,
  );
});

it('ignores the settings of a gateway and empty settings', async () => {
  const child = await startMain([], { SEGMIND_APIKEY: 'x', PORT: 'x', SANDBOX_SPEED: ' ' });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect(String((await lines.next()).value)).toMatch(/^sandbox listening on /);
});

const BAD_LAG = /--history-lag must be a number of milliseconds, 0 or more\.[^]*Usage: npm run sandbox/;

it.each([
  [['--history-lag=-1'], {}, BAD_LAG],
  [['--history-lag=soon'], {}, BAD_LAG],
  [['--history-lag=1.5'], {}, BAD_LAG],
  [['--history-lag='], {}, BAD_LAG],
  [
    ['--public-url=sandbox:4010'],
    {},
    /--public-url must be an http or https origin, such as http:\/\/sandbox:4010\./,
  ],
  [['--folder=/proc/x/y'], {}, /ENOENT/],
  [[], { SANDBOX_SPEED: 'fast' }, /SANDBOX_SPEED must be a number above 0, at most 1000, not "fast"\./],
  [[], { SANDBOX_SPEED: '0' }, /SANDBOX_SPEED must be a number above 0, at most 1000, not "0"\./],
  [[], { SANDBOX_SPED: '2' }, /SANDBOX_SPED is not a setting\. Did you mean SANDBOX_SPEED\?/],
])('does not start with %j and %j', async (args, environment, message) => {
  const child = await startMain(args, environment);
  const errors = text(child.stderr);
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(await errors).toMatch(message);
});
