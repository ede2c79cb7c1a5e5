import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { expect, test } from 'vitest';

/**
 * What each part of src may import besides its own folder: other parts, or single files of them. A file at the top of src is a part of its
 * own.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  events: ['domain'],
  process: ['domain', 'events'],
  config: ['providers/segmind/facts.ts'],
  telemetry: ['domain', 'events', 'process', 'store'],
  auth: ['domain', 'events', 'process', 'config', 'store/shared-text.ts'],
  providers: ['domain', 'events'],
  store: ['domain', 'events', 'process', 'config'],
  archive: ['domain', 'events', 'process/work-loop.ts', 'providers', 'store'],
  poller: ['domain', 'events', 'process/work-loop.ts', 'providers', 'store'],
  watching: ['domain', 'events', 'store'],
  graphql: ['domain', 'events', 'providers', 'store', 'watching'],
  operations: ['domain', 'events', 'config/settings-file.ts', 'store', 'watching', 'graphql'],
  webhooks: [
    'domain',
    'events',
    'process/work-loop.ts',
    'config',
    'providers/message-client.ts',
    'store/webhook-deliveries.ts',
    'graphql/client-urls.ts',
    'graphql/types/job-view.ts',
    'graphql/types/scalars.ts',
  ],
  transports: [
    'domain',
    'events',
    'archive/blob-store.ts',
    'archive/video-key.ts',
    'auth',
    'providers/files/content-range.ts',
    'providers/files/file-client.ts',
    'providers/files/file-refused-error.ts',
    'providers/message-client.ts',
    'store',
    'watching',
    'graphql',
    'operations',
  ],
  wiring: [
    'domain',
    'events',
    'telemetry',
    'webhooks',
    'process',
    'config',
    'auth',
    'providers',
    'store',
    'archive',
    'watching',
    'graphql',
    'operations',
    'transports',
  ],
  'app.ts': [
    'domain',
    'events',
    'telemetry',
    'webhooks',
    'process',
    'config',
    'auth',
    'providers',
    'store',
    'archive',
    'poller',
    'watching',
    'transports',
    'wiring',
  ],
  'main.ts': ['serve.ts', 'process/v8-flags.ts'],
  'serve.ts': ['app.ts', 'events', 'process', 'config', 'store'],
};

const files = typescriptIn('src');

test('a file imports only what stands to the left of its layer', () => {
  const violations = files.flatMap((file) => {
    const part = partOf(file);
    const allowed = new Set([part, ...(MAY_IMPORT[part] ?? [])]);
    return relativeImports('src', file)
      .filter((target) => !allowed.has(partOf(target)) && !allowed.has(target))
      .map((target) => `${file} imports ${target}`);
  });
  expect(violations).toEqual([]);
});

test('every part of src has its place in the layers', () => {
  expect([...new Set(files.map(partOf))].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
});

test('no import leads out of src, of a package or of the conformance kit', () => {
  const leaving = ['src', 'packages/sandbox/src', 'packages/client/src', 'conformance'].flatMap((folder) =>
    typescriptIn(folder).flatMap((file) =>
      relativeImports(folder, file)
        .filter((target) => target.startsWith('..'))
        .map((target) => `${folder}/${file} imports ${target}`),
    ),
  );
  expect(leaving).toEqual([]);
});

test('the gateway loads a package in one place: the sandbox, when it is the upstream', () => {
  const places = [...files.map((file) => join('src', file)), ...sandboxFiles()].flatMap((path) => {
    const code = readFileSync(path, 'utf8').replaceAll(/^import type [^;]+;$/gm, '');
    return [...code.matchAll(/(?:import\()?['"]@?reelgate\/[^'"]*['"]\)?/g)].map(
      ([specifier]) => `${path}: ${specifier}`,
    );
  });
  expect(places).toEqual(["src/wiring/open-upstream.ts: import('@reelgate/sandbox')"]);
});

test('the conformance kit is an independent witness: it loads no part of the project', () => {
  const loaded = typescriptIn('conformance').filter((file) =>
    /['"]@reelgate\/|\bsrc\//.test(readFileSync(join('conformance', file), 'utf8')),
  );
  expect(loaded).toEqual([]);
});

test('process.env is read by the configuration only, and only as a whole', () => {
  const readers = files.filter((file) => readFileSync(join('src', file), 'utf8').includes('process.env'));
  expect(readers).toEqual(['config/config.ts']);
  for (const file of readers) expect(readFileSync(join('src', file), 'utf8')).not.toMatch(/process\.env[.[]/);
});

function typescriptIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

function sandboxFiles(): string[] {
  return typescriptIn('packages/sandbox').map((file) => join('packages/sandbox', file));
}

function partOf(file: string): string {
  return normalize(file).split(sep, 1)[0] ?? file;
}

/** Static and dynamic imports, exports from, and URLs of workers. */
function relativeImports(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const specifiers = text.matchAll(/(?:from|import|import\(|new URL\()\s*['"](\.[^'"]+\.ts)['"]/g);
  return [...specifiers].map((match) => join(dirname(file), match[1] ?? ''));
}
