import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { acceptedJob } from './client.ts';

/** Runs a file of this folder with Node and returns the lines that it writes. It fails after 30 seconds. */
async function linesOf(
  file: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<string[]> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const all = ['-C', '@reelgate/source', ...flags, path, ...args];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, all, { timeout: 30_000 });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

test.each([
  ['a WebSocket', [], 'function'],
  // Like Node 20.
  ['event streams', ['--no-experimental-websocket'], 'undefined'],
])('Node exits when nothing is watched any more by %s, without close()', async (_, flags, type) => {
  await using gateway = await startGateway();
  const { id, move } = await acceptedJob(gateway);
  await move(...WHOLE_LIFE);
  const lines = await linesOf('watch-and-exit.ts', [`${gateway.url}/graphql`, id], flags);
  expect(lines).toEqual([type, '6', 'idle']);
});

test('Node warns of no leak when many calls run at the same time with one signal', async () => {
  await using gateway = await startGateway();
  const { id, move } = await acceptedJob(gateway);
  await move(...WHOLE_LIFE);
  expect(await linesOf('parallel-calls.ts', [`${gateway.url}/graphql`, id])).toEqual(['done']);
});

test('the memory does not grow with the number of lost connections', async () => {
  await using gateway = await startGateway();
  const { id } = await acceptedJob(gateway);
  const [first = 0, , last = 0] = (
    await linesOf('reconnect-many-times.ts', [String(gateway.port), id], ['--expose-gc'])
  ).map(Number);
  // 200 connections. Node itself keeps up to 2 kB of each for a while; the client's part would be more than that.
  expect(last - first).toBeLessThan(800);
});
