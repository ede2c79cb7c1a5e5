import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { CLIENT, npmInClient, packClient, type PackedClient, unpackClient } from './packed-client.ts';

const run = promisify(execFile);
const resources = new DisposableStack();
let packed: PackedClient;

beforeAll(async () => {
  packed = await packClient(resources.use(tempFolder()).path);
});
afterAll(() => resources.dispose());

test('publint finds no fault in the packed files', async () => {
  const { stdout } = await run('publint', ['--strict', packed.tarball], local());
  expect(stdout).toContain('All good!');
});

test('every entry point has types wherever ES modules are resolved', async () => {
  const attw = run('attw', [packed.tarball, '--profile', 'esm-only'], local());
  const result = await attw.catch((error: { stdout: string }) => error);
  expect({ fails: result instanceof Error, report: result.stdout }).toMatchObject({ fails: false });
});

test('npm would publish it, and corrects nothing', async () => {
  await npmInClient('run', 'build');
  const noNetwork = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries', '0'];
  const { stdout, stderr } = await npmInClient('publish', '--dry-run', ...noNetwork);
  expect(stdout).toMatch(/^\+ @reelgate\/client@\d/m);
  const warnings = stderr.split('\n').filter((line) => /\bwarn\b/i.test(line));
  expect(warnings.filter((line) => !/EBADENGINE|requires you to be logged in/.test(line))).toEqual([]);
});

test('it contains the build, its sources for debuggers, and what npm shows', () => {
  const { files } = packed;
  for (const file of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'src/index.ts',
  ])
    expect(files).toContain(file);
  const others = files.filter(
    (file) => !/^(?:dist|src)\/|^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file),
  );
  expect(others).toEqual([]);
  const built = files.filter((file) => file.startsWith('dist/') && file.endsWith('.js'));
  const sources = built.map((file) => file.replace('dist/', 'src/').replace(/\.js$/, '.ts'));
  expect(sources.filter((file) => !files.includes(file) && !files.includes(`${file}x`))).toEqual([]);
});

test('editors show what each field of a job and of an input means', async () => {
  using folder = tempFolder();
  await unpackClient(folder.path, packed.tarball, []);
  const types = join(folder.path, 'node_modules/@reelgate/client/dist/documents.d.ts');
  for (const name of ['VideoJobFieldsFragment', 'GenerateVideoInput', 'VideoJobFilter', 'UpstreamQuery']) {
    const declared = new RegExp(`export type ${name} = [^]*?^};`, 'm').exec(readFileSync(types, 'utf8'))?.[0];
    const fields = [...(declared ?? '').matchAll(/(\*\/)?\s+readonly (\w+)\??:/g)];
    expect(fields.length).toBeGreaterThan(3);
    const bare = fields.filter(([, doc, field]) => doc === undefined && field !== '__typename');
    expect(bare.map(([, , field]) => `${name}.${field}`)).toEqual([]);
  }
});

test('it brings no other package into an app', () => {
  const manifest: object = JSON.parse(readFileSync(`${CLIENT}/package.json`, 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).toMatchObject({
    peerDependenciesMeta: {
      '@apollo/client': { optional: true },
      graphql: { optional: true },
      react: { optional: true },
    },
  });
});

test('its version is the newest of its changelog, or the changelog has unreleased changes', () => {
  const { version }: { version: string } = JSON.parse(readFileSync(`${CLIENT}/package.json`, 'utf8'));
  expect(readFileSync(`${CLIENT}/CHANGELOG.md`, 'utf8')).toMatch(
    new RegExp(`^## (?:Unreleased|${version})$`, 'm'),
  );
});

describe('a program that uses it compiles', () => {
  test.each([
    { name: 'in a browser, with checks of the types of libraries', lib: ['es2022', 'dom'], program: PROGRAM },
    {
      name: 'in Node, with checks of the types of libraries',
      lib: ['es2022'],
      types: ['node'],
      packages: ['@types/node'],
      program: PROGRAM,
    },
    {
      name: 'with Apollo Client',
      lib: ['es2022', 'dom'],
      // Its own types have errors.
      skipLibCheck: true,
      packages: ['@apollo/client', 'graphql', 'rxjs'],
      program: APOLLO_PROGRAM,
    },
  ])('$name', async ({ lib, types = [], packages = [], skipLibCheck = false, program }) => {
    using folder = tempFolder();
    await unpackClient(folder.path, packed.tarball, packages);
    writeFileSync(join(folder.path, 'program.ts'), program);
    const module = { module: 'nodenext', target: 'es2022', lib, types };
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck };
    const compilerOptions = { ...module, ...strict, noEmit: true };
    writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
    await expect(compile(folder.path)).resolves.toBe('');
  });
});

const PROGRAM = `
import { createReelgate, VideoJobFailedError } from '@reelgate/client';
import { VideoJobDocument } from '@reelgate/client/documents';
const client = createReelgate({ url: 'http://127.0.0.1:4000/graphql', token: async () => 'a token' });
const job = await client.generate({ image: new Blob(['x']), prompt: 'a cat', seed: 1 }, { onUpdate: ({ progress }) => progress });
const url: string | null = job.video.url;
for await (const { status } of client.watch(job.id)) if (status === 'FAILED') throw new VideoJobFailedError(job);
// @ts-expect-error -- the prompt is missing
await client.submit({ image: 'https://example.com/cat.png' });
export { url, VideoJobDocument };
`;

const APOLLO_PROGRAM = `
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { createReelgate } from '@reelgate/client';
import { createReelgateLink, possibleTypes, typePolicies } from '@reelgate/client/apollo';
import { VideoJobDocument } from '@reelgate/client/documents';
const link = createReelgateLink(createReelgate({ url: 'http://127.0.0.1:4000/graphql' }));
const client = new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes, typePolicies }) });
const { data } = await client.query({ query: VideoJobDocument, variables: { id: 'vj_1' } });
const status: string | undefined = data?.videoJob?.status;
// @ts-expect-error -- the result has no such field
data?.videoJob?.color;
// @ts-expect-error -- the id is missing
await client.query({ query: VideoJobDocument, variables: {} });
export { status };
`;

/** Runs the compiler. @returns the errors */
async function compile(folder: string): Promise<string> {
  const compiled: { stdout: string } = await run('tsc', ['-p', folder], local()).catch(
    (error: { stdout: string }) => error,
  );
  return compiled.stdout;
}

/** Finds the programs that npm has installed here. */
function local() {
  return { env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env['PATH']}` } };
}
