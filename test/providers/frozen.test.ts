import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startChild } from '../support/process/child.ts';
import { after, json, neverEnding, type Reply } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import { SUBMIT_PATH } from '../support/upstream/session.ts';

/** Long enough to freeze the child before it passes. */
const TIMEOUT_MS = 4000;
/** Longer than the timeout, so that the deadline passes while the process is frozen. */
const STOPPED_MS = 5000;

interface Frozen {
  readonly type: string;
  readonly tookMs: number;
}

/** The outcome of a call whose process is frozen until its deadline has passed, and that is answered meanwhile. */
async function freeze(call: 'submit' | 'result', reply: Reply): Promise<Frozen> {
  const stopped = Promise.withResolvers<void>();
  await using server = await ScriptedUpstream.start();
  const held = after(stopped.promise, reply);
  server.on('POST', SUBMIT_PATH, held).on('GET', '/v2/requests/job-1', held);
  await using child = startChild(
    new URL('frozen-call.ts', import.meta.url),
    server.origin,
    call,
    String(TIMEOUT_MS),
  );
  await server.untilRequests(1);
  child.kill('SIGSTOP');
  const [pid = ''] = child.lines();
  await untilStopped(pid);
  stopped.resolve();
  // The duration of the freeze is the subject of the test.
  await setTimeout(STOPPED_MS);
  child.kill('SIGCONT');
  await child.wrote(2);
  const [type = '', tookMs = ''] = child.lines()[1]?.split(' ') ?? [];
  return { type, tookMs: Number(tookMs) };
}

async function untilStopped(pid: string): Promise<void> {
  while (!/^State:\tT/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))) await setTimeout(1);
}

const VIDEO = Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), Buffer.alloc(12 * 1024 * 1024, 'video')]);

describe.concurrent('a call whose process is frozen past its deadline', () => {
  it('reads the answer in the socket', async () => {
    const { type, tookMs } = await freeze('submit', json(200, { request_id: 'job-1' }));
    expect(type).toBe('accepted');
    expect(tookMs).toBeGreaterThan(TIMEOUT_MS);
  });

  it('reads an answer that is longer than the socket’s buffer', async () => {
    const reply = json(200, { status: 'COMPLETED', output: VIDEO.toString('base64') });
    expect((await freeze('result', reply)).type).toBe('ready');
  });

  it('ends soon when the answer is incomplete', async () => {
    const { type, tookMs } = await freeze('submit', neverEnding(200, '{"request_id":'));
    expect(type).toBe('unknown');
    expect(tookMs).toBeGreaterThan(TIMEOUT_MS);
  });
});
