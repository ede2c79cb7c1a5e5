import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { buildSchema, type DocumentNode, Kind, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { findProgram } from '../support/process/programs.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { exampleDocuments } from './example-documents.ts';
import { EXAMPLES, installExamples } from './examples-package.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { runExample } from './run-example.ts';

const INSTALL_MS = 300_000;
// Many processes start at once, which takes long on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
const python = findProgram({ names: ['python3'] });
const hasGql = python !== null && (await succeeds(python, '-c', 'import gql'));

/** Each example's command in the README. */
const COMMANDS = {
  urql: 'npm run -s urql',
  relay: 'npm run -s relay',
  curl: 'sh curl/watch.sh',
  python: 'python3 python/watch.py',
};
const NAMES = ['urql', 'relay', 'curl', 'python'] as const;

const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;

beforeAll(async () => {
  await installExamples();
  const folder = resources.use(tempFolder());
  gateway = resources.use(await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '20' }));
}, INSTALL_MS);

afterAll(() => resources.disposeAsync());

describe.concurrent.each(NAMES)('the example %s', (name) => {
  const command = COMMANDS[name];

  test('has one mutation and one subscription, valid in the schema', () => {
    const document = exampleDocuments(name);
    expect(operations(document)).toEqual(['mutation', 'subscription']);
    expect(validate(buildSchema(readFileSync('schema/schema.graphql', 'utf8')), document)).toEqual([]);
  });

  test('is in the README with its command', () => {
    expect(readFileSync(`${EXAMPLES}/README.md`, 'utf8')).toContain(`\`${command}\``);
  });

  test.runIf(canRun(name))('prints the states of its job and the video’s URL', async () => {
    await using example = runExample(command, gateway.url, 'a cat');
    expect([await example.exited, example.output()]).toEqual([0, expect.stringMatching(COMPLETED)]);
    expectRisingVersions(example.output());
    const video = await fetch(COMPLETED.exec(example.output())?.[1] ?? '');
    expect(video.headers.get('content-type')).toBe('video/mp4');
  });

  test.runIf(canRun(name))('prints why there is no video', async () => {
    await using example = runExample(command, gateway.url, 'a cat [sandbox:content-block]');
    expect([await example.exited, example.output()]).toEqual([1, expect.stringMatching(FAILED)]);
  });

  // The Python example uses a WebSocket, in which the proxy cannot recognise the response.
  test.skipIf(name === 'python')('makes one job although the first response is lost', async () => {
    await using proxy = await startLosingProxy(gateway.url);
    const prompt = `one request by ${name}`;
    await using example = runExample(command, proxy.url, prompt);
    expect([await example.exited, example.output()]).toEqual([0, expect.stringMatching(COMPLETED)]);
    expect(proxy.lost()).toBe(1);
    expect((await promptsOf(gateway)).filter((each) => each === prompt)).toHaveLength(1);
  });
});

test.concurrent('each example continues when the gateway is killed and restarts', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(tempFolder());
  const settings = { PORT: String(await freePort()), DATA_DIR: folder.path, SANDBOX_SPEED: '10' };
  const first = stack.use(await spawnGateway(settings));
  const examples = NAMES.filter(canRun).map((name) =>
    stack.use(runExample(COMMANDS[name], first.url, `a cat by ${name} [sandbox:slow]`)),
  );
  await Promise.all(examples.map((example) => example.wrote(/^version/m)));
  await vi.waitFor(() => expect(first.output().split('job queued')).toHaveLength(examples.length + 1));
  first.kill('SIGKILL');
  await first.exited;
  await Promise.all(examples.map((example) => example.wrote(/Trying again/i)));

  stack.use(await spawnGateway(settings));
  for (const example of examples) {
    expect([await example.exited, example.output()]).toEqual([0, expect.stringMatching(COMPLETED)]);
    expectRisingVersions(example.output());
  }
});

test('the artifacts of Relay are up to date', async () => {
  const { stdout } = await run('../node_modules/.bin/relay-compiler', ['--validate'], {
    cwd: `${EXAMPLES}/relay`,
  });
  expect(stdout).toContain('Done');
});

test('the examples in TypeScript have the right types', async () => {
  expect(await run('node_modules/.bin/tsc', ['-p', EXAMPLES])).toMatchObject({ stdout: '' });
});

test.runIf(python !== null)('the Python example has valid syntax', async () => {
  const compile = 'import ast, sys; ast.parse(open(sys.argv[1]).read())';
  expect(await succeeds('python3', '-c', compile, `${EXAMPLES}/python/watch.py`)).toBe(true);
});

const COMPLETED = /^version \d+ {2}COMPLETED {2}1(?:\.00)?\n(http:\S+\.mp4)\n$/m;
const FAILED = /^GENERATION_FAILED: Content moderation: /m;

function canRun(name: (typeof NAMES)[number]): boolean {
  return name !== 'python' || hasGql;
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
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data }: { data: { videoJobs: { nodes: { request: { prompt: string } }[] } } } =
    await response.json();
  return data.videoJobs.nodes.map(({ request }) => request.prompt);
}

function expectRisingVersions(output: string): void {
  const versions = [...output.matchAll(/^version (\d+)/gm)].map(([, version]) => Number(version));
  expect(versions.length).toBeGreaterThan(0);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
}

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}
