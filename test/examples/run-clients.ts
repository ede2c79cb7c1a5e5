import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { EXAMPLES } from './examples-package.ts';
import { type LosingProxy, startLosingProxy } from './losing-proxy.ts';
import { type RunningExample, runExample } from './run-example.ts';

/** The static key that the gateway accepts. */
export const TOKEN = 'the-key-of-an-app-that-uses-the-gateway';

/** Runs a program with the sources of the package. */
const PACKAGE = 'node -C @reelgate/source';

/** Programs that generate a video and print the states of its job. */
export const CLIENTS = [
  { name: '@reelgate/client', command: `${PACKAGE} reelgate.ts` },
  { name: 'Apollo Client', command: `${PACKAGE} apollo.ts` },
  { name: 'urql', command: `${PACKAGE} urql.ts` },
  { name: 'Relay', command: `${PACKAGE} relay/relay.ts` },
  { name: 'graphql-request', command: 'node graphql-request.ts' },
  // It sends the mutation over the WebSocket too, in which the proxy does not find it.
  { name: 'graphql-ws', command: 'node graphql-ws.ts', losesAnswer: false },
  { name: 'graphql-sse', command: 'node graphql-sse.ts' },
  { name: 'Python', command: 'python3 python.py' },
  { name: 'curl', command: 'sh curl.sh' },
] as const;
export type ClientName = (typeof CLIENTS)[number]['name'];

interface ClientRun {
  readonly example: RunningExample;
  readonly proxy: LosingProxy;
  readonly prompt: string;
}

/** All clients after their runs. */
export interface ClientRuns {
  /** The gateway that was started second. */
  readonly gateway: SpawnedGateway;
  /** The page with the EventSource. */
  readonly page: Page;
  of(name: ClientName): ClientRun;
}

/**
 * Runs all clients at once. Each loses the answer to its mutation, and sees the gateway being killed and started again while
 * it watches its job: the first gateway may make one upstream call a minute, so that no job ends before.
 */
export async function runClients(resources: AsyncDisposableStack): Promise<ClientRuns> {
  const folder = resources.use(tempFolder());
  const { origin, gatewayOf } = await servePage(resources);
  const browser = resources.use(await launchBrowser());
  const settings = {
    PORT: String(await freePort()),
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '20',
    AUTH_API_KEYS_FILE: keyFile(folder.path),
    CORS_ORIGINS: origin,
  };
  const first = resources.use(await spawnGateway({ ...settings, SEGMIND_RPM: '1' }));
  const runs = new Map<ClientName, ClientRun>();
  for (const { name, command } of CLIENTS) {
    const proxy = resources.use(await startLosingProxy(first.url));
    const prompt = `a cat by ${name}`;
    const example = resources.use(runExample(command, { url: proxy.url, token: TOKEN }, prompt));
    runs.set(name, { example, proxy, prompt });
  }
  // An EventSource sends no headers of its own: a proxy of the app adds the token.
  const { page } = resources.use(
    await browser.open({ extraHTTPHeaders: { authorization: `Bearer ${TOKEN}` } }),
  );
  await page.goto(gatewayOf(first.url, 'a cat by EventSource'));
  const examples = [...runs.values()].map(({ example }) => example);
  await Promise.all(examples.map((example) => example.wrote(/^version/m)));
  await page.getByText(/version/).waitFor();
  first.kill('SIGKILL');
  await first.exited;
  const gateway = resources.use(await spawnGateway(settings));
  await Promise.all(examples.map((example) => example.exited));
  return {
    gateway,
    page,
    of: (name) => {
      const found = runs.get(name);
      if (found === undefined) throw new Error(`${name} did not run.`);
      return found;
    },
  };
}

/** Serves the page with the EventSource from an origin of its own. */
async function servePage(stack: AsyncDisposableStack) {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(readFileSync(`${EXAMPLES}/event-source.html`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen.');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    origin,
    gatewayOf: (url: string, prompt: string) => `${origin}/?${new URLSearchParams({ gateway: url, prompt })}`,
  };
}

/** Writes the file of static keys that allows TOKEN. */
function keyFile(folder: string): string {
  const path = join(folder, 'keys.json');
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  writeFileSync(path, JSON.stringify([{ sha256, owner: 'app', scopes: ['video:generate', 'video:read'] }]));
  return path;
}
