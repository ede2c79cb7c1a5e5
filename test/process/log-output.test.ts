import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openLogOutput } from '../../src/process/log-output.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a full disk costs lines, which are counted once there is room again', () => {
  using folder = tempFolder();
  const path = `${folder.path}/log`;
  const lost: number[] = [];
  const fd = openSync('/dev/full', 'w');
  const output = openLogOutput(fd, new PassThrough(), (lines) => lost.push(lines));
  for (let line = 0; line < 3; line += 1) output.write('lost\n');
  expect(lost).toEqual([]);
  closeSync(fd);
  expect(openSync(path, 'w')).toBe(fd);
  output.write('kept\n');
  output.write('kept too\n');
  closeSync(fd);
  expect(lost).toEqual([3]);
  expect(readFileSync(path, 'utf8')).toBe('kept\nkept too\n');
});

test('an unread pipe costs lines, but neither memory nor time', async () => {
  const script = new URL('./stalled-log.child.ts', import.meta.url);
  const child = spawn(process.execPath, [script.pathname], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  const [report] = await once(child.stderr.setEncoding('utf8'), 'data');
  const { waiting, longestMs } = JSON.parse(String(report));
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThanOrEqual(1024 * 1024);
  expect(longestMs).toBeLessThan(5000);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += String(text);
  });
  child.stdin.write('go on\n');
  expect((await exited)[0]).toBe(0);
  const lines = output
    .trim()
    .split('\n')
    .map((line): { msg: string; lines?: number } => JSON.parse(line));
  const [again, told] = lines.slice(-2);
  expect(again?.msg).toBe('read again');
  expect(told?.msg).toMatch(/lines of the log were lost/);
  expect((told?.lines ?? 0) + lines.length - 2).toBe(40_000);
});
