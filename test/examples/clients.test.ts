import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buildSchema, type DocumentNode, Kind, validate } from 'graphql';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser/browser.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';
import { exampleDocuments } from './example-documents.ts';
import { EXAMPLES, installExamples } from './examples-package.ts';
import { type LosingProxy, startLosingProxy } from './losing-proxy.ts';
import { type RunningExample, runExample } from './run-example.ts';

const INSTALL_MS = 300_000;
const TOKEN = 'the-key-of-an-app-that-uses-the-gateway';

/** Programs that generate a video and print the states of its job. */
const CLIENTS = [
  { name: 'Apollo Client over WebSocket', command: 'node apollo/websocket.ts' },
  { name: 'Apollo Client over HTTP', command: 'node apollo/http.ts' },
  { name: 'urql', command: 'node urql.ts' },
  { name: 'Relay', command: 'node relay/relay.ts' },
  { name: 'graphql-request', command: 'node graphql-request.ts' },
  // It sends the mutation over the WebSocket too, in which the proxy does not find it.
  { name: 'graphql-ws', command: 'node graphql-ws.ts', losesAnswer: false },
  { name: 'graphql-sse', command: 'node graphql-sse.ts' },
  { name: 'Python', command: 'python3 python.py' },
  { name: 'curl', command: 'sh curl.sh' },
] as const;
type Name = (typeof CLIENTS)[number]['name'];

const COMPLETED = /^version \d+ {2}COMPLETED {2}1(?:\.00)?\n(http:\S+\.mp4)\n/m;

interface ClientRun {
  readonly example: RunningExample;
  readonly proxy: LosingProxy;
  readonly prompt: string;
}

const resources = new AsyncDisposableStack();
const runs = new Map<Name, ClientRun>();
let gateway: SpawnedGateway;
let page: Page;

beforeAll(installExamples, INSTALL_MS);

/**
 * Runs all clients at once. Each loses the answer to its mutation, and sees the gateway being killed and started again while
 * it watches its job.
 */
beforeAll(async () => {
  const folder = resources.use(tempFolder());
  const { origin, gatewayOf } = await servePage(resources);
  const browser = resources.use(await launchBrowser());
  const settings = {
    PORT: String(await freePort()),
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '10',
    AUTH_API_KEYS_FILE: keyFile(folder.path),
    CORS_ORIGINS: origin,
  };
  const first = resources.use(await spawnGateway(settings));
  for (const { name, command } of CLIENTS) {
    const proxy = resources.use(await startLosingProxy(first.url));
    const prompt = `a cat by ${name} [sandbox:slow]`;
    const example = resources.use(runExample(command, { url: proxy.url, token: TOKEN }, prompt));
    runs.set(name, { example, proxy, prompt });
  }
  // An EventSource sends no headers of its own: a proxy of the app adds the token.
  const opened = resources.use(
    await browser.open({ extraHTTPHeaders: { authorization: `Bearer ${TOKEN}` } }),
  );
  ({ page } = opened);
  await page.goto(gatewayOf(first.url, 'a cat by EventSource [sandbox:slow]'));
  const examples = [...runs.values()].map(({ example }) => example);
  await Promise.all(examples.map((example) => example.wrote(/^version/m)));
  await page.getByText(/version/).waitFor();
  await until(() => first.output().split('job queued').length, CLIENTS.length + 2);
  first.kill('SIGKILL');
  await first.exited;
  gateway = resources.use(await spawnGateway(settings));
  await Promise.all(examples.map((example) => example.exited));
});

afterAll(() => resources.disposeAsync());

describe.each(CLIENTS)('$name', ({ name, ...client }) => {
  test('prints rising versions and the URL of the video, over a restart of the gateway', async () => {
    const { example } = runOf(name);
    expect([await example.exited, example.output()]).toEqual([0, expect.stringMatching(COMPLETED)]);
    expectRisingVersions(example.output());
    const video = await fetch(COMPLETED.exec(example.output())?.[1] ?? '');
    expect(video.headers.get('content-type')).toBe('video/mp4');
  });

  test('makes one job, also when the first answer to the mutation is lost', async () => {
    const { proxy, prompt } = runOf(name);
    expect(proxy.lost()).toBe('losesAnswer' in client ? 0 : 1);
    expect((await promptsOf(gateway)).filter((each) => each === prompt)).toHaveLength(1);
  });
});

test('EventSource resumes and stops by itself', async () => {
  await expect.poll(() => page.locator('pre').innerText()).toMatch(COMPLETED);
  expectRisingVersions(await page.locator('pre').innerText());
  await page.getByText('closed').waitFor();
});

test.each(['node graphql-ws.ts', 'python3 python.py', 'sh curl.sh'])(
  '%s prints why there is no video',
  async (command) => {
    const target = { url: gateway.url, token: TOKEN };
    await using blocked = runExample(command, target, 'a cat [sandbox:content-block]');
    await using refused = runExample(command, { ...target, token: 'wrong' }, 'a cat');
    expect([await blocked.exited, blocked.output()]).toEqual([
      1,
      expect.stringMatching(/^GENERATION_FAILED: /m),
    ]);
    expect([await refused.exited, refused.output()]).toEqual([1, expect.stringMatching(/token|4403/i)]);
  },
);

test.each([
  ['documents.ts', ['mutation', 'subscription']],
  ['graphql-request.ts', ['query']],
  ['relay/documents.ts', ['mutation', 'subscription']],
  ['event-source.html', ['mutation', 'subscription']],
  ['python.py', ['mutation', 'subscription']],
  ['curl.sh', ['mutation', 'subscription']],
])('%s has documents that are valid in the schema', (file, expected) => {
  const document = exampleDocuments(file);
  expect(operations(document)).toEqual(expected);
  expect(validate(buildSchema(readFileSync('schema/schema.graphql', 'utf8')), document)).toEqual([]);
});

function runOf(name: Name): ClientRun {
  const run = runs.get(name);
  if (run === undefined) throw new Error(`${name} did not run.`);
  return run;
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

function operations(document: DocumentNode): string[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.operation] : [],
  );
}

/** The prompts of all jobs. */
async function promptsOf({ url }: SpawnedGateway): Promise<string[]> {
  const query = '{ videoJobs(first: 100) { nodes { request { prompt } } } }';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query }),
  });
  const { data }: { data: { videoJobs: { nodes: { request: { prompt: string } }[] } } } =
    await response.json();
  return data.videoJobs.nodes.map(({ request }) => request.prompt);
}

function expectRisingVersions(output: string): void {
  const versions = [...output.matchAll(/^version (\d+)/gm)].map(([, version]) => Number(version));
  expect(versions.length).toBeGreaterThan(1);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
}
