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
    METRICS_PORT: '0',
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await post(agent, gateway.url, '{ __typename }');
  const scraper = new Agent({ keepAlive: true, maxSockets: 1 });
  const [, metricsUrl = ''] =
    /metrics are served at (http:\/\/[\w.:]+\/metrics)/.exec(gateway.output()) ?? [];
  // The key check has ended, and with it its connection.
  await expect
    .poll(() => get(scraper, metricsUrl), { timeout: 30_000 })
    .toMatch(/reelgate_upstream_answers_total\{call="credits"/);
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
  // The metrics show the fault while it lasts, also when not even one file can be opened.
  execFileSync('prlimit', ['--pid', String(gateway.pid), '--nofile=3:']);
  expect(await get(scraper, metricsUrl)).toMatch(/outcome="unreachable"\} [1-9]/);
  execFileSync('prlimit', ['--pid', String(gateway.pid), '--nofile=1024:']);
  await expect.poll(() => upstream.submits.size, { timeout: 30_000 }).toBe(12);
  expect(gateway.output()).not.toContain('the upstream is down');
  agent.destroy();
  scraper.destroy();
});

/** Gets over the agent's only connection. */
function get(agent: Agent, url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, { agent }, (answer) => {
    text(answer).then(resolve, reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

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
