import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '@reelgate/sandbox';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  FakeClock,
  accepted,
  call,
  ended,
  objectOf,
  resultOf,
  sandbox,
  statusOf,
  steady,
  temporaryFolder,
  textOf,
  until,
  history,
} from '../support.ts';

/** Starts a sandbox in its own process and waits until it listens. */
async function sandboxProcess(folder: string, speed: number, mode: 'stay' | 'leave') {
  const script = fileURLToPath(new URL('./sandbox-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, String(speed), mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const url = String((await lines.next()).value);
  return { child, url, exited };
}

describe('a restart on the same folder', () => {
  it('continues a job on its timeline', async () => {
    const folder = await temporaryFolder();
    const clock = new FakeClock();
    const options = { folder, clock: clock.read, random: steady };
    const first = await startSandbox(options);
    const id = await accepted(first.url, { resolution: 576, video_length: 5 });
    const records = join(folder, 'jobs', `${id}.json`);
    const before: unknown = JSON.parse(await readFile(records, 'utf8'));
    await first[Symbol.asyncDispose]();

    clock.advance(2_000);
    const second = await sandbox({ ...options, random: () => 0.999, speed: 50 });
    expect(JSON.parse(await readFile(records, 'utf8'))).toEqual(before);
    expect((await statusOf(second.url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(20_000);
    await ended(second.url, id);
    const { body } = await resultOf(second.url, id);
    expect((await fetch(textOf(body, 'output'))).status).toBe(200);
  });

  it('keeps results, the URL and the balance', async () => {
    const folder = await temporaryFolder();
    const first = await startSandbox({ folder, speed: 100 });
    const id = await accepted(first.url);
    await ended(first.url, id);
    const before = (await resultOf(first.url, id)).body;
    // The record drops the image once the video is made; its file is written after the status changes.
    const recordLength = async () => (await readFile(join(folder, 'jobs', `${id}.json`), 'utf8')).length;
    await until(async () => ((await recordLength()) < 1_000 ? true : null));
    await first[Symbol.asyncDispose]();

    const second = await sandbox({ folder, speed: 100 });
    expect(second.url).toBe(first.url);
    expect((await resultOf(second.url, id)).body).toEqual(before);
    expect((await fetch(textOf(before, 'output'))).status).toBe(200);
    expect((await call(`${second.url}/v1/get-user-credits`)).body?.['credits']).toBe(999_999.47);
  });

  it('takes another port when the remembered one is in use, and rejects when a requested one is', async () => {
    const folder = await temporaryFolder();
    const squatter = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      squatter.close();
    });
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await writeFile(join(folder, 'port'), String(port));
    const { url } = await sandbox({ folder });
    expect(url).not.toContain(String(port));
    await expect(startSandbox({ folder: await temporaryFolder(), port })).rejects.toThrow('EADDRINUSE');
  });

  it('reads the records of an earlier version, which held the parsed input', async () => {
    const folder = await temporaryFolder();
    const first = await startSandbox({ folder, historyLagMs: 0 });
    const ids = [await accepted(first.url), await accepted(first.url, { steps: 9 })];
    await first[Symbol.asyncDispose]();
    const input = {
      image: 'http://127.0.0.1:9/a.png',
      prompt: 'The sea at night',
      resolution: 360,
      video_length: 1,
      base64: false,
      negative_prompt: 'blurry',
      seed: 1,
      steps: 30,
    };
    for (const [index, id] of ids.entries()) {
      const path = join(folder, 'jobs', `${id}.json`);
      const record = objectOf({ record: JSON.parse(await readFile(path, 'utf8')) }, 'record');
      const earlier = { ...record, made: null, body: undefined, input: index === 0 ? input : null };
      await writeFile(path, JSON.stringify(earlier));
    }
    const { url } = await sandbox({ folder, historyLagMs: 0 });
    const ends = await Promise.all(ids.map((id) => ended(url, id)));
    expect(ends.map(({ body }) => body?.['status'])).toEqual(['COMPLETED', 'FAILED']);
    const rows = await Promise.all(ids.map((id) => history(url, `/${id}`)));
    expect(rows.map(({ body }) => body?.['request_body'])).toEqual([input, {}]);
  });

  it('skips unreadable records, and logs them', async () => {
    const folder = await temporaryFolder();
    const first = await startSandbox({ folder });
    const id = await accepted(first.url);
    await first[Symbol.asyncDispose]();
    const jobs = join(folder, 'jobs');
    await Promise.all([
      writeFile(join(jobs, 'half.json'), '{"id":'),
      writeFile(join(jobs, 'other.json'), '{"id":"x"}'),
      writeFile(join(folder, 'port'), 'no port'),
    ]);
    const told: unknown[] = [];
    const second = await sandbox({ folder, log: ({ file }) => told.push(file) });
    expect((await statusOf(second.url, id)).status).toBe(200);
    expect(told).toEqual(expect.arrayContaining(['half.json', 'other.json']));
    expect((await readdir(jobs)).length).toBe(3);
  });

  it('finds every accepted job after kill -9', async () => {
    const folder = await temporaryFolder();
    const { child, url, exited } = await sandboxProcess(folder, 20, 'stay');
    const ids = await Promise.all([1, 2, 3].map((seed) => accepted(url, { seed })));
    child.kill('SIGKILL');
    await exited;
    const again = await sandbox({ folder, speed: 20 });
    const ends = await Promise.all(ids.map((id) => ended(again.url, id)));
    expect(ends.map(({ body }) => body?.['status'])).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  });
});

describe('dispose', () => {
  it('lets the process exit with calls and videos in progress', async () => {
    const folder = await temporaryFolder();
    const { child, url, exited } = await sandboxProcess(folder, 1, 'leave');
    await accepted(url, { resolution: 576, video_length: 5 });
    const body = JSON.stringify({ image: 'https://example.com/a.png', prompt: '[sandbox:endless]' });
    const headers = { 'content-type': 'application/json' };
    const waiting = call(`${url}/v1/wan2.1-i2v-480p`, { method: 'POST', headers, body });
    const hanging = call(`${url}/v2/wan2.1-i2v-480p`, {
      method: 'POST',
      headers,
      body: body.replace('endless', 'no-answer'),
    });
    const settled = Promise.allSettled([waiting, hanging]);
    const half = connect(Number(new URL(url).port), '127.0.0.1');
    const cut = once(half, 'close');
    half.on('error', () => undefined);
    half.write('POST /v2/wan2.1-i2v-480p HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\n');
    await accepted(url);
    child.stdin.write('leave\n');
    expect(await exited).toEqual([0, null]);
    await cut;
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('can be called twice', async () => {
    const running = await startSandbox({ folder: await temporaryFolder() });
    await running[Symbol.asyncDispose]();
    await expect(running[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it('is not needed after a failed start', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'jobs'), 'a file where a folder should be');
    await expect(startSandbox({ folder })).rejects.toThrow('EEXIST');
    await expect(startSandbox({ folder, speed: 0 })).rejects.toThrow(RangeError);
  });
});
