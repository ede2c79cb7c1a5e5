import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { lockFolder } from '../../../src/store/sqlite/folder.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Milliseconds after which npm has passed on a signal. */
const COPY_MS = 500;

/** A gateway that was started by `npm start`, in a process group of its own. */
interface NpmStart extends AsyncDisposable {
  /** Of npm, and of the process group. */
  readonly pid: number;
  /** What both wrote. */
  output(): string;
  /** How npm ended. */
  readonly exited: Promise<unknown[]>;
  /** Resolves when both have ended: nothing holds their output open. */
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
  // A request in progress makes the stop last until the copy has come.
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

test('when npm is killed the gateway stops gracefully', async () => {
  using folder = tempFolder();
  await using started = await npmStart(folder.path);
  process.kill(started.pid, 'SIGKILL');
  await expect.poll(() => started.output(), { timeout: 20_000 }).toContain('"msg":"stopped"');
  await started.closed;
});
