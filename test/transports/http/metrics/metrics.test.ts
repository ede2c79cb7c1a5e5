import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../../../support/gateway/gateway.ts';

const TOKEN = 'a-token-of-scrapers';
const authorization = `Bearer ${TOKEN}`;

describe('metrics on the public port', () => {
  it('need the token', async () => {
    await using gateway = await startGateway({ settings: { METRICS_TOKEN: TOKEN } });
    const url = `${gateway.url}/metrics`;
    const refused = [{}, { authorization: 'Bearer another-token-of-scrapers' }, { authorization: TOKEN }];
    for (const headers of refused) {
      const response = await fetch(url, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="metrics"');
      expect(await response.text()).not.toContain('reelgate_info');
    }
    const response = await fetch(url, { headers: { authorization } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toContain('reelgate_info{role="api",store="sqlite"} 1');
  });

  it('answer GET and HEAD in the format that the Accept header prefers, and by any Host', async () => {
    await using gateway = await startGateway({
      settings: { METRICS_TOKEN: TOKEN, ALLOWED_HOSTS: 'video.example.com' },
    });
    const url = `${gateway.url}/metrics`;
    const typeFor = async (accept: string) => {
      const response = await fetch(url, { headers: { authorization, accept } });
      return [response.headers.get('content-type')?.split(';', 1)[0], (await response.text()).slice(-6)];
    };
    expect(await typeFor('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).toEqual([
      'application/openmetrics-text',
      '# EOF\n',
    ]);
    const [type, end] = await typeFor('application/openmetrics-text;q=0.1,text/plain');
    expect([type, end === '# EOF\n']).toEqual(['text/plain', false]);
    expect(await typeFor('application/json')).toEqual(['text/plain', end]);
    const head = await fetch(url, { method: 'HEAD', headers: { authorization } });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(url, { method: 'POST', headers: { authorization } });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('do not exist without a setting, nor beside a port of their own', async () => {
    await using without = await startGateway();
    expect((await fetch(`${without.url}/metrics`)).status).toBe(404);
    await using beside = await startGateway({ settings: { METRICS_PORT: '0', METRICS_TOKEN: TOKEN } });
    expect((await fetch(`${beside.url}/metrics`, { headers: { authorization } })).status).toBe(404);
  });
});

describe('metrics on a port of their own', () => {
  it('are for this machine without a token, not for pages whose name resolves to it', async () => {
    const lines: string[] = [];
    await using gateway = await startGateway({
      settings: { METRICS_PORT: '0' },
      onLine: (line) => lines.push(line),
    });
    const url = metricsUrl(lines);
    expect(new URL(url).port).not.toBe(String(gateway.port));
    expect(await (await fetch(url)).text()).toContain('reelgate_info');
    expect((await fetch(url.replace('127.0.0.1', 'localhost'))).status).toBe(200);
    expect(await statusWithHost(url, 'rebound.example.com')).toBe(403);
    expect((await fetch(new URL('/graphql', url))).status).toBe(404);
  });

  it('need the token if there is one, by any Host', async () => {
    const lines: string[] = [];
    const settings = { METRICS_PORT: '0', METRICS_TOKEN: TOKEN };
    await using gateway = await startGateway({ settings, onLine: (line) => lines.push(line) });
    const url = metricsUrl(lines);
    expect(new URL(url).port).not.toBe(String(gateway.port));
    expect((await fetch(url)).status).toBe(401);
    expect(await statusWithHost(url, 'gateway-1:9464', { authorization })).toBe(200);
  });

  it('stay in reach of scrapers, however many connections of strangers do nothing or get other answers', async () => {
    const lines: string[] = [];
    const settings = { METRICS_PORT: '0', METRICS_TOKEN: TOKEN };
    await using _ = await startGateway({ settings, onLine: (line) => lines.push(line) });
    const url = metricsUrl(lines);
    const agent = new Agent({ keepAlive: true });
    expect(await scrape(url, agent)).toEqual([200, false]);
    for (const path of ['/', '/metrics']) {
      expect((await fetch(new URL(path, url))).headers.get('connection')).toBe('close');
    }
    using strangers = await openConnections(Number(new URL(url).port), 200);
    expect(await scrape(url, new Agent())).toEqual([200, false]);
    expect(await scrape(url, agent)).toEqual([200, true]);
    await expect.poll(() => strangers.open).toBeLessThanOrEqual(32);
    agent.destroy();
  });

  it('end the start when the port is taken', async () => {
    await using gateway = await startGateway();
    const settings = { METRICS_PORT: String(gateway.port) };
    await expect(startGateway({ settings })).rejects.toThrow(
      `METRICS_PORT ${gateway.port} is taken: stop the process that has it, or choose another METRICS_PORT`,
    );
  });
});

function metricsUrl(lines: readonly string[]): string {
  const found = lines.map((line) => /"metrics":"([^"]+)"/.exec(line)?.[1]).find((url) => url !== undefined);
  if (found === undefined) throw new Error('The log does not tell where the metrics are.');
  return found;
}

/** Sends a request with a Host of its own, which `fetch` does not allow. */
async function statusWithHost(url: string, host: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request(url, { headers: { ...headers, host } }, (response) => {
    text(response).then(() => resolve(response.statusCode), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

/** Reads the metrics over a connection that is kept. @returns the status, and whether the connection was used before */
async function scrape(url: string, agent: Agent) {
  const sent = request(url, { agent, headers: { authorization } }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  response?.resume();
  await once(sent, 'close');
  return [response?.statusCode, sent.reusedSocket];
}

/** Opens connections that send nothing. */
async function openConnections(port: number, count: number) {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return {
    get open() {
      return sockets.filter(({ closed }) => !closed).length;
    },
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
