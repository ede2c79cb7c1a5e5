import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_ARGS } from '../../support/browser/browser.ts';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { CHROMIUM, requireProgram } from '../../support/process/programs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const resources = new AsyncDisposableStack();
let browser: BrowserContext;
let gateway: SpawnedGateway;
let port: number;
let extension: string;

beforeAll(async () => {
  const folder = resources.use(tempFolder());
  port = await freePort();
  const pages = await servePages(port);
  resources.defer(() => void pages.close());
  const extensionFolder = join(folder.path, 'extension');
  extension = writeExtension(extensionFolder);
  gateway = resources.use(
    await spawnGateway({
      DATA_DIR: join(folder.path, 'data'),
      CORS_ORIGINS: `http://*.shop.localhost:${port}, ${extension}`,
    }),
  );
  browser = await chromium.launchPersistentContext(join(folder.path, 'profile'), {
    executablePath: requireProgram(CHROMIUM),
    args: [...CHROMIUM_ARGS, `--load-extension=${extensionFolder}`],
    ignoreDefaultArgs: ['--disable-extensions'],
  });
  resources.defer(() => browser.close());
});
afterAll(() => resources.disposeAsync());

const WRONG_PROTOCOL =
  'The WebSocket subprotocol must be graphql-transport-ws. The legacy one, graphql-ws, is not supported.';

/** What a page sees of each transport. An app's instrumentation adds the headers. */
const visit = (url: string) => `(async () => {
  const url = ${JSON.stringify(url)};
  const headers = { 'apollographql-client-name': 'shop', 'x-request-id': '1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', baggage: 'a=b', 'sentry-trace': '1' };
  const read = (response) => response.text().then((text) => [response.status, text, response.headers.get('x-reelgate-upstream')]);
  const send = (init) => fetch(url + '/graphql', { method: 'POST', ...init }).then(read, String);
  const form = new FormData();
  form.append('operations', '{"query":"{ __typename }"}');
  form.append('map', '{}');
  const events = new EventSource(url + '/graphql?query=subscription{videoJobsUpdated{id}}');
  const opened = new Promise((resolve) => {
    events.addEventListener('open', () => resolve('open'));
    events.addEventListener('error', () => resolve('error'));
  });
  const socketOf = (protocol) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws') + '/graphql', protocol);
    const messages = [];
    socket.addEventListener('open', () => socket.send('{"type":"connection_init"}'));
    socket.addEventListener('message', ({ data }) => {
      messages.push(JSON.parse(data));
      if (protocol === 'graphql-transport-ws') socket.close(1000, 'done');
    });
    socket.addEventListener('close', ({ code, reason }) => resolve([messages, code, reason]));
  });
  const result = {
    json: await send({ body: '{"query":"{ __typename }"}', headers: { ...headers, 'content-type': 'application/json' } }),
    form: await send({ body: form, headers }),
    events: await opened,
    socket: await socketOf('graphql-transport-ws'),
    legacySocket: await socketOf('graphql-ws'),
    noProtocol: await socketOf([]),
    image: await fetch(url + '/sandbox/images/sample.png', { headers }).then((response) => response.status, String),
  };
  events.close();
  return result;
})()`;

test.each(['an app of a listed subdomain', 'a listed extension'])(
  '%s reaches every transport',
  async (what) => {
    const page = await browser.newPage();
    const isExtension = what === 'a listed extension';
    await page.goto(isExtension ? `${extension}/page.html` : `http://eu.app.shop.localhost:${port}/`);
    expect(await page.evaluate(visit(gateway.url))).toEqual({
      json: [200, '{"data":{"__typename":"Query"}}', 'sandbox'],
      // The form reached the gateway, and its refusal the page.
      form: [400, expect.stringContaining('`map` must name one file'), 'sandbox'],
      events: 'open',
      socket: [[{ type: 'connection_ack' }], 1000, 'done'],
      legacySocket: [
        [{ type: 'connection_error', payload: { message: WRONG_PROTOCOL } }],
        4406,
        WRONG_PROTOCOL,
      ],
      noProtocol: [[], 4406, WRONG_PROTOCOL],
      image: 200,
    });
  },
);

test('a page of another origin sees why its WebSocket is refused, and nothing else', async () => {
  const page = await browser.newPage();
  await page.goto(`http://evil.localhost:${port}/`);
  const refused = [[], 1008, 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.'];
  expect(await page.evaluate(visit(gateway.url))).toEqual({
    json: 'TypeError: Failed to fetch',
    form: 'TypeError: Failed to fetch',
    events: 'error',
    socket: refused,
    legacySocket: refused,
    noProtocol: refused,
    // Files are for every page that knows their URL.
    image: 200,
  });
});

async function servePages(at: number): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>App</title>');
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(at, '127.0.0.1', resolve);
  await promise;
  return server;
}

/** @returns the origin of its pages: the id is a hash of its key, in the letters a to p */
function writeExtension(folder: string): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = publicKey.export({ type: 'spki', format: 'der' });
  mkdirSync(folder);
  const manifest = { manifest_version: 3, name: 'Shop', version: '1', key: key.toString('base64') };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'page.html'), '<title>Shop</title>');
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
  const id = hash.replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
  return `chrome-extension://${id}`;
}
