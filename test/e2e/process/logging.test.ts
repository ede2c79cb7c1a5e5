import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generate, readJob } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test.each(['a full disk', 'a pipe whose reader has gone'])(
  'a log that is written to %s ends neither the gateway nor a job',
  async (target) => {
    using folder = tempFolder();
    const port = await freePort();
    const child = spawn(process.execPath, ['src/main.ts'], {
      env: { PORT: String(port), DATA_DIR: folder.path, SANDBOX_SPEED: '20', LOG_LEVEL: 'trace' },
      stdio: ['ignore', target === 'a full disk' ? openSync('/dev/full', 'w') : 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      child.stdout?.destroy();
      const url = `http://127.0.0.1:${port}`;
      await expect.poll(() => isReady(url, child), { timeout: 30_000 }).toBe(true);
      const { id } = await generate(url, { image: `${url}/missing.png`, prompt: 'unheard' });
      await expect.poll(async () => (await readJob(url, id))?.isTerminal, { timeout: 30_000 }).toBe(true);
      child.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  },
);

async function isReady(url: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`The gateway exited with ${child.exitCode}.`);
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer?.status === 200;
}
