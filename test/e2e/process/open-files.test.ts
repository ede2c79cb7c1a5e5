import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

test('EMFILE is reported as too many open files, not as a failure of the upstream', async () => {
  await using upstream = await startCountingUpstream();
  using folder = tempFolder();
  const { port } = new URL(upstream.url);
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: `http://localhost:${port}`,
    SEGMIND_HISTORY_URL: 'off',
    SEGMIND_RPM: '0',
    LOG_LEVEL: 'debug',
  });
  // The key check has ended, and with it its connection.
  await expect
    .poll(() => gateway.output(), { timeout: 30_000 })
    .toContain('the upstream did not refuse the API key');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await post(agent, gateway.url, '{ __typename }');
  const open = readdirSync(`/proc/${gateway.pid}/fd`).length;
  execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${open}:`]);
  for (let index = 0; index < 12; index += 1) {
    await post(
      agent,
      gateway.url,
      `mutation { generateVideo(input: { image: "https://example.com/cat.png", prompt: "p${index}" }) { __typename } }`,
    );
  }
  const reason = '"reason":"EMFILE: this process has too many open files';
  await expect.poll(() => gateway.output(), { timeout: 30_000 }).toContain(reason);
  execFileSync('prlimit', ['--pid', String(gateway.pid), '--nofile=1024:']);
  await expect.poll(() => upstream.submits.size, { timeout: 30_000 }).toBe(12);
  expect(gateway.output()).not.toContain('the upstream is down');
  agent.destroy();
});

/** Posts over the agent's only connection. */
function post(agent: Agent, url: string, query: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-type': 'application/json' };
  const sent = request(`${url}/graphql`, { agent, method: 'POST', headers }, (answer) => {
    text(answer).then(resolve, reject);
  });
  sent.on('error', reject);
  sent.end(JSON.stringify({ query }));
  return promise;
}
