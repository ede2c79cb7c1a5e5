import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { lockFolder } from '../../../src/store/sqlite/database/folder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** npm has passed a signal on after this time, in milliseconds. */
const COPY_MS = 500;

/** A gateway that was started by `npm start`, in a process group of its own. */
interface NpmStart extends AsyncDisposable {
  /** The id of npm's process and of the process group. */
  readonly pid: number;
  /** The output of npm and of the gateway. */
  output(): string;
  /** npm's exit code and signal. */
  readonly exited: Promise<unknown[]>;
  /** Resolves when both have ended, so that their output is closed. */
  readonly closed: Promise<unknown>;
}

/** Waits until the gateway listens. */
async function npmStart(dataDir: string): Promise<NpmStart> {
  // Without scripts: `prestart` builds the console, which other tests read meanwhile.
  const npm = spawn('npm', ['start', '--ignore-scripts'], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const { pid } = npm;
  if (pid === undefined) throw new Error('npm did not start.');
  let output = '';
  const exited = once(npm, 'exit');
  const closed = once(npm.stdout, 'close');
  const listening = Promise.withResolvers<void>();
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.includes('listening on')) listening.resolve();
  });
  exited.then(() => listening.reject(new Error(`npm start ended: ${output}`))).catch(listening.reject);
  await listening.promise;
  return {
    pid,
    output: () => output,
    exited,
    closed,
    [Symbol.asyncDispose]: async () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Both have ended.
      }
      await closed;
    },
  };
}

test('SIGTERM to npm alone: the gateway stops and releases its folder, and then npm exits with 0', async () => {
  using folder = tempFolder();
  await using started = await npmStart(folder.path);
  process.kill(started.pid, 'SIGTERM');
  expect(await started.exited).toEqual([0, null]);
  lockFolder(folder.path)[Symbol.dispose]();
  await started.closed;
  expect(started.output()).toContain('"msg":"stopped"');
});

test('Ctrl-C in a terminal: the copy of the signal that npm passes on does not cut the stop short', async () => {
  using folder = tempFolder();
  await using started = await npmStart(folder.path);
  // A request in progress keeps the gateway from stopping before the copy arrives.
  const client = connect(
    Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(started.output())?.[1]),
    '127.0.0.1',
  );
  client.write(
    'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n',
  );
  await once(client, 'data');
  process.kill(-started.pid, 'SIGINT');
  setTimeout(() => client.destroy(), COPY_MS);
  expect(await started.exited).toEqual([0, null]);
  await started.closed;
  expect(started.output()).toContain('"msg":"stopped"');
});

test('the gateway stops gracefully when npm is killed', async () => {
  using folder = tempFolder();
  await using started = await npmStart(folder.path);
  process.kill(started.pid, 'SIGKILL');
  await expect.poll(() => started.output()).toContain('"msg":"stopped"');
  await started.closed;
});
