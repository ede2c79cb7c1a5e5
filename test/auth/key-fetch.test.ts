import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyFetch } from '../../src/auth/key-fetch.ts';
import { ConnectProxy } from '../support/connect-proxy.ts';
import { listenOnFreePort } from '../support/scripted-upstream-port.ts';

let issuer: Server;
let proxy: ConnectProxy;
beforeAll(async () => {
  issuer = createServer((_, response) => response.end('{"keys":[]}'));
  proxy = await ConnectProxy.start(await listenOnFreePort(issuer), 'tunnels');
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  issuer.close();
});

it('keys are fetched through the proxy', async () => {
  const fetchKeys = keyFetch({ httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: '127.0.0.1' });
  const signal = AbortSignal.timeout(5000);
  const headers = new Headers({ accept: 'application/json' });
  const answer = await fetchKeys('http://issuer.test/jwks', {
    method: 'GET',
    headers,
    redirect: 'manual',
    signal,
  });
  expect([answer.status, await answer.json()]).toEqual([200, { keys: [] }]);
  expect(answer).toBeInstanceOf(Response);
  expect(proxy.connects.map(({ target }) => target)).toEqual(['issuer.test:80']);
});
