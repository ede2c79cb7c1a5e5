import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { buildSchema, isEnumType, isInputObjectType, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES, installExamples } from './examples-package.ts';
import { generateKotlin, generateSwift } from './generators.ts';
import { CLIENTS, type ClientRuns, runClients, TOKEN } from './run-clients.ts';
import { runExample } from './run-example.ts';

const INSTALL_MS = 300_000;
const COMPLETED = /^version \d+ {2}COMPLETED {2}1(?:\.00)?\n(http:\S+\.mp4)\n/m;
const SCHEMA = readFileSync('schema/schema.graphql', 'utf8');

const run = promisify(execFile);
const resources = new AsyncDisposableStack();
let clients: ClientRuns;

beforeAll(installExamples, INSTALL_MS);
beforeAll(async () => {
  clients = await runClients(resources);
});
afterAll(() => resources.disposeAsync());

describe.each(CLIENTS)('$name', ({ name, ...client }) => {
  test('prints rising versions and the URL of the video, over a restart of the gateway', async () => {
    const { example } = clients.of(name);
    expect([await example.exited, example.output()]).toEqual([0, expect.stringMatching(COMPLETED)]);
    expectRisingVersions(example.output());
    const video = await fetch(COMPLETED.exec(example.output())?.[1] ?? '');
    expect(video.headers.get('content-type')).toBe('video/mp4');
  });

  test('makes one job, also when the first answer to the mutation is lost', async () => {
    const { proxy, prompt } = clients.of(name);
    expect(proxy.lost()).toBe('losesAnswer' in client ? 0 : 1);
    expect((await promptsOf(clients.gateway.url)).filter((each) => each === prompt)).toHaveLength(1);
  });
});

test('EventSource resumes and stops by itself', async () => {
  await expect.poll(() => clients.page.locator('pre').innerText()).toMatch(COMPLETED);
  expectRisingVersions(await clients.page.locator('pre').innerText());
  await clients.page.getByText('closed').waitFor();
});

test.each(['node -C @reelgate/source reelgate.ts', 'node graphql-ws.ts', 'python3 python.py', 'sh curl.sh'])(
  '%s prints why there is no video',
  async (command) => {
    const target = { url: clients.gateway.url, token: TOKEN };
    await using blocked = runExample(command, target, 'a cat [sandbox:content-block]');
    await using refused = runExample(command, { ...target, token: 'wrong' }, 'a cat');
    expect([await blocked.exited, blocked.output()]).toEqual([
      1,
      expect.stringMatching(/^GENERATION_FAILED: /m),
    ]);
    expect([await refused.exited, refused.output()]).toEqual([1, expect.stringMatching(/token|4403/i)]);
  },
);

test('the artifacts of Relay are up to date', async () => {
  const { stdout } = await run('../node_modules/.bin/relay-compiler', ['--validate'], {
    cwd: `${EXAMPLES}/relay`,
  });
  expect(stdout).toContain('Done');
});

test('the examples in TypeScript have the right types', async () => {
  expect(await run('node_modules/.bin/tsc', ['-p', EXAMPLES])).toMatchObject({ stdout: '' });
});

test('Swift is generated from the schema and the documents of schema/operations', () => {
  const documents = globSync('schema/operations/*.graphql').map((path) => readFileSync(path, 'utf8'));
  const swift = generateSwift(SCHEMA, documents.join('\n'));
  const operations = parse(documents.join('\n')).definitions.flatMap((definition) =>
    'name' in definition ? [definition.name?.value ?? ''] : [],
  );
  expect(operations.length).toBeGreaterThan(5);
  for (const name of operations)
    expect(swift).toMatch(new RegExp(`class ${name}(?:Mutation|Query|Subscription)\\b`));
  for (const type of ['AsGenerateVideoSuccess', 'AsGenerateVideoInvalidInput'])
    expect(swift).toContain(`struct ${type}:`);
  expect(swift).toContain('public var image: URL {');
  expect(swift).toContain('public var createdAt: DateTime {');
});

test('Kotlin is generated from the schema', async () => {
  const kotlin = await generateKotlin(SCHEMA);
  expect(kotlin).toContain('val image: java.net.URI');
  expect(kotlin).toContain('val createdAt: java.time.Instant');
  const types = Object.values(buildSchema(SCHEMA).getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  for (const { name } of types.filter(isEnumType)) expect(kotlin).toContain(`enum class ${name}(`);
  for (const { name } of types.filter(isInputObjectType)) {
    // The generator gives all inputs this ending.
    expect(kotlin).toContain(`data class ${name.endsWith('Input') ? name : `${name}Input`}(`);
  }
});

/** The prompts of all jobs. */
async function promptsOf(url: string): Promise<string[]> {
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
