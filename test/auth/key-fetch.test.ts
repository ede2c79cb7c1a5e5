import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKeyFetcher } from '../../src/auth/remote-keys.ts';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { listenOnFreePort } from '../support/network/ports.ts';

let issuer: Server;
let proxy: ConnectProxy;
beforeAll(async () => {
  issuer = createServer(answer);
  proxy = await ConnectProxy.start(await listenOnFreePort(issuer), 'tunnels');
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  issuer.close();
});

it('keys are fetched through the proxy', async () => {
  const proxies = { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: '127.0.0.1' };
  expect(await createKeyFetcher('http://issuer.test/jwks', proxies)()).toEqual({ keys: [] });
  expect(proxy.connects.map(({ target }) => target)).toEqual(['issuer.test:80']);
});

it.each([
  ['/missing', 'the answer has status 404, not 200'],
  // A redirect could lead to any host.
  ['/moved', 'the answer has status 302, not 200'],
  ['/page', 'the answer is not JSON'],
  ['/endless', 'the answer is longer than 256 KiB'],
])('%s: %s', async (path, reason) => {
  const address = issuer.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(createKeyFetcher(`http://127.0.0.1:${port}${path}`, null)()).rejects.toThrow(reason);
});

const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/missing': (response) => response.writeHead(404).end('{"keys":[]}'),
  '/moved': (response) => response.writeHead(302, { location: '/jwks' }).end(),
  '/page': (response) => response.end('<html>'),
  '/endless': (response) => void Readable.from(endlessly()).pipe(response),
};

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const respond = ANSWERS[url];
  if (respond === undefined) response.end('{"keys":[]}');
  else respond(response);
}

function* endlessly(): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  for (;;) yield chunk;
}
