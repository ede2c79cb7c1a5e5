import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type SpawnedGateway,
  readJob,
  spawnGateway,
  watchToEnd,
} from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { IMAGE, startCommand, startOnTerminal } from './start-command.ts';

const SMALL = ['--resolution', '360', '--length', '1'];
const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let folder: TempFolder;

beforeAll(async () => {
  folder = resources.use(tempFolder());
  gateway = resources.use(await spawnGateway({ DATA_DIR: join(folder.path, 'data'), SANDBOX_SPEED: '10' }));
});
afterAll(() => resources.disposeAsync());

test('it saves the video and prints its path; the progress is on the standard error', async () => {
  using videos = tempFolder();
  const file = join(videos.path, 'wave.mp4');
  await using command = startCommand(gateway.url, ['generate', IMAGE, 'the waves', '-o', file, ...SMALL]);
  await expect(command.exited).resolves.toBe(0);
  expect(command.stdout()).toBe(`${file}\n`);
  expect(command.stderr()).toMatch(
    /^Uploading: 0 %\nUploading: 100 %\nvj_\S+ queued\n[^]*ready\nSaving: 100 %\n$/,
  );
  expect(readFileSync(file).toString('latin1', 4, 8)).toBe('ftyp');
  expect(readdirSync(videos.path)).toEqual(['wave.mp4']);
});

test('without a file it prints the URL of the video', async () => {
  await using command = startCommand(gateway.url, ['generate', IMAGE, 'the waves', '-q', ...SMALL]);
  await expect(command.exited).resolves.toBe(0);
  expect(command.stderr()).toBe('');
  const answer = await fetch(command.stdout().trim());
  expect(answer.headers.get('content-type')).toBe('video/mp4');
});

test('a failed job ends it with 1, the reason and whether it was charged', async () => {
  const prompt = 'a cat [sandbox:content-block]';
  await using command = startCommand(gateway.url, ['generate', IMAGE, prompt]);
  await expect(command.exited).resolves.toBe(1);
  expect(command.stdout()).toBe('');
  expect(command.stderr()).toMatch(
    /\nThe job failed: Content moderation: .* \(GENERATION_FAILED\)\nYou were not charged\.\n/,
  );
});

test('with --json each state is a line, and an error too', async () => {
  const args = ['generate', IMAGE, 'a cat [sandbox:content-block]', '--json'];
  await using command = startCommand(gateway.url, args);
  await expect(command.exited).resolves.toBe(1);
  const states = command
    .stdout()
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(states.length).toBeGreaterThan(1);
  expect(states[0]).toMatchObject({ status: 'QUEUED', request: { prompt: 'a cat [sandbox:content-block]' } });
  expect(states.at(-1)).toMatchObject({ status: 'FAILED', isTerminal: true });
  expect(JSON.parse(command.stderr())).toEqual({
    error: { code: 'GENERATION_FAILED', message: expect.stringContaining('Content moderation') },
  });
});

test('on a terminal it shows a bar that never moves back and leaves no trace', async () => {
  await using command = startOnTerminal(gateway.url, ['generate', IMAGE, 'the waves', ...SMALL]);
  await expect(command.exited).resolves.toBe(0);
  const painted = command.stdout().split('\r\u001B[2K');
  expect(command.stdout()).toMatch(/█+░+ +\d+ % {2}(?:queued|in progress)/);
  const shares = painted
    .flatMap((line) => /(\d+) % {2}(?:queued|in progress)/.exec(line)?.[1] ?? [])
    .map(Number);
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(painted.every((line) => line.trimEnd().length < 80 || line.includes('http'))).toBe(true);
  expect(painted.at(-1)).toMatch(/^http\S+\r\n$/);
});

test('Ctrl+C ends it with 130; the job continues', async () => {
  const args = ['generate', IMAGE, 'the waves [sandbox:slow]', ...SMALL];
  await using command = startCommand(gateway.url, args);
  await command.said(/^vj_\S+ queued/m);
  command.kill('SIGINT');
  await expect(command.exited).resolves.toBe(130);
  const id = /to wait again: reelgate watch (vj_\S+)\n$/.exec(command.stderr())?.[1] ?? '';
  await watchToEnd(gateway.url, id);
  await expect(readJob(gateway.url, id)).resolves.toMatchObject({ status: 'COMPLETED' });
});

test('an existing file is not replaced, and no job is made for it', async () => {
  using videos = tempFolder();
  const file = join(videos.path, 'wave.mp4');
  writeFileSync(file, 'my video');
  const args = ['generate', IMAGE, 'not to be sent', '-o', file];
  await using command = startCommand(gateway.url, args);
  await expect(command.exited).resolves.toBe(2);
  expect(command.stderr()).toContain(`${file} exists. Use --force to replace it.`);
  expect(readFileSync(file, 'utf8')).toBe('my video');
  await using jobs = startCommand(gateway.url, ['list', '--search', 'not to be sent']);
  await jobs.exited;
  expect(jobs.stdout()).toBe('');
  await using forced = startCommand(gateway.url, [...args, '--force', ...SMALL]);
  await expect(forced.exited).resolves.toBe(0);
  expect(readFileSync(file).toString('latin1', 4, 8)).toBe('ftyp');
});

test('it waits through a restart of the gateway', async () => {
  using data = tempFolder();
  const settings = { DATA_DIR: data.path, SANDBOX_SPEED: '10', PORT: String(await freePort()) };
  // One upstream call a minute: the job cannot end before the restart.
  await using first = await spawnGateway({ ...settings, SEGMIND_RPM: '1' });
  await using command = startCommand(first.url, ['generate', IMAGE, 'the waves', ...SMALL]);
  await command.said(/queued at the upstream/);
  first.kill('SIGKILL');
  await command.said(/No connection to the gateway/);
  await using second = await spawnGateway(settings);
  await expect(command.exited).resolves.toBe(0);
  expect(command.stderr()).toMatch(/Trying again …\n[^]*ready\n$/);
  expect(command.stdout()).toContain(second.url);
});

test('it sends the token, and says when one is missing', async () => {
  using data = tempFolder();
  const keys = join(data.path, 'keys.json');
  const sha256 = createHash('sha256').update('the key of a command line').digest('hex');
  writeFileSync(keys, JSON.stringify([{ sha256, owner: 'app', scopes: ['video:generate', 'video:read'] }]));
  await using closed = await spawnGateway({
    DATA_DIR: data.path,
    AUTH_API_KEYS_FILE: keys,
    SANDBOX_SPEED: '10',
  });
  await using refused = startCommand(closed.url, ['list']);
  await expect(refused.exited).resolves.toBe(3);
  expect(refused.stderr()).toMatch(/\(UNAUTHENTICATED\)\nSet REELGATE_TOKEN to a valid token\.\n$/);
  const token = { REELGATE_TOKEN: 'the key of a command line' };
  await using accepted = startCommand(closed.url, ['generate', IMAGE, 'the waves', '-q', ...SMALL], token);
  await expect(accepted.exited).resolves.toBe(0);
});
