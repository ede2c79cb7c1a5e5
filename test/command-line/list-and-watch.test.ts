import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  generate,
  type SeenJob,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../support/gateway/spawned-gateway.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { startCommand } from './start-command.ts';

const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let folder: TempFolder;
let cat: SeenJob;
let dog: SeenJob;

beforeAll(async () => {
  folder = resources.use(tempFolder());
  gateway = resources.use(await spawnGateway({ DATA_DIR: join(folder.path, 'data'), SANDBOX_SPEED: '10' }));
  cat = await generate(gateway.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 });
  // A prompt that would clear the screen.
  dog = await generate(gateway.url, { prompt: 'a dog \u001B[2J\nbarks [sandbox:model-error]' });
  await Promise.all([watchToEnd(gateway.url, cat.id), watchToEnd(gateway.url, dog.id)]);
});
afterAll(() => resources.disposeAsync());

test('list prints a line for each job, newest first, without control characters', async () => {
  await using command = startCommand(gateway.url, ['list']);
  await expect(command.exited).resolves.toBe(0);
  const time = '20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d';
  expect(command.stdout()).toMatch(
    new RegExp(
      `^${dog.id}  failed      ${time}  a dog  \\[2J barks \\[sandbox:model-error\\]\n${cat.id}  completed   ${time}  a cat\n$`,
    ),
  );
});

test('list selects jobs by status and words, and prints JSON', async () => {
  await using failed = startCommand(gateway.url, ['list', '--status', 'failed', '--json']);
  await using found = startCommand(gateway.url, ['list', '--search', 'cat', '--json']);
  await using first = startCommand(gateway.url, ['list', '-n', '1', '--json']);
  await using none = startCommand(gateway.url, ['list', '--status', 'queued']);
  await Promise.all([failed.exited, found.exited, first.exited, none.exited]);
  expect(jobOf(failed.stdout())).toMatchObject({ id: dog.id, status: 'FAILED' });
  expect(jobOf(found.stdout())).toMatchObject({ id: cat.id });
  expect(jobOf(first.stdout())).toMatchObject({ id: dog.id });
  expect({ out: none.stdout(), err: none.stderr() }).toEqual({ out: '', err: 'No jobs.\n' });
});

test('a reader that closes the pipe early is no error', () => {
  const list = `${process.execPath} -C @reelgate/source packages/client/src/cli/main.ts list --json`;
  const piped = spawnSync('bash', ['--norc', '-c', `${list} | true; echo "\${PIPESTATUS[0]}"`], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], REELGATE_URL: gateway.url },
  });
  expect(piped).toMatchObject({ stdout: '0\n', stderr: '' });
});

test('watch saves the video of a job that has ended', async () => {
  const file = join(folder.path, 'cat.mp4');
  await using command = startCommand(gateway.url, ['watch', cat.id, '-o', file]);
  await expect(command.exited).resolves.toBe(0);
  expect(command.stdout()).toBe(`${file}\n`);
});

test('watch ends with 1 when the job failed, and with 3 when there is none', async () => {
  await using failed = startCommand(gateway.url, ['watch', dog.id]);
  await using unknown = startCommand(gateway.url, ['watch', 'vj_unknown']);
  await expect(failed.exited).resolves.toBe(1);
  await expect(unknown.exited).resolves.toBe(3);
  expect(unknown.stderr()).toBe('The gateway has no job vj_unknown of yours.\n');
});

test('watch without an id prints the changes of all jobs until it is stopped', async () => {
  // Not the other one: its list would have one job more.
  await using other = await spawnGateway({ DATA_DIR: join(folder.path, 'other'), SANDBOX_SPEED: '10' });
  await using command = startCommand(other.url, ['watch']);
  await command.said(/Watching all jobs/);
  const { id } = await generate(other.url, { prompt: 'a fox', resolution: 'R360', videoLength: 1 });
  await expect.poll(() => command.stdout()).toContain(`${id} ready\n`);
  expect(command.stdout()).toMatch(new RegExp(`^${id} queued`));
  command.kill('SIGTERM');
  await expect(command.exited).resolves.toBe(143);
});

function jobOf(line: string): unknown {
  return JSON.parse(line);
}
