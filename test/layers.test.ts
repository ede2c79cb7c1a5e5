import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { expect, test } from 'vitest';

/**
 * What each part of src may import besides its own folder: other parts, or single files of them. A file at the top of src is a part of its
 * own.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  process: ['domain'],
  config: ['providers/segmind/facts.ts'],
  auth: ['domain', 'process', 'config', 'store/shared-text.ts'],
  providers: ['domain', 'process/fault-log.ts'],
  store: ['domain', 'process', 'config'],
  poller: ['domain', 'process/fault-log.ts', 'providers', 'store'],
  watching: ['domain', 'store'],
  graphql: ['domain', 'providers', 'store', 'watching'],
  operations: ['domain', 'config/settings-file.ts', 'store', 'watching', 'graphql'],
  transports: ['domain', 'auth', 'store', 'watching', 'graphql', 'operations'],
  sandbox: [],
  'app.ts': [
    'domain',
    'process',
    'config',
    'auth',
    'providers',
    'store',
    'poller',
    'watching',
    'graphql',
    'operations',
    'transports',
    'sandbox',
  ],
  'main.ts': ['serve.ts', 'process/v8-flags.ts'],
  'serve.ts': ['app.ts', 'process', 'config', 'store'],
  'sandbox-main.ts': ['process/data-folder.ts', 'config', 'sandbox'],
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

test('a file imports only what stands to the left of its layer', () => {
  const violations = files.flatMap((file) => {
    const part = partOf(file);
    const allowed = new Set([part, ...(MAY_IMPORT[part] ?? [])]);
    return relativeImports(file)
      .filter((target) => !allowed.has(partOf(target)) && !allowed.has(target))
      .map((target) => `${file} imports ${target}`);
  });
  expect(violations).toEqual([]);
});

test('every part of src has its place in the layers', () => {
  expect([...new Set(files.map(partOf))].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
});

test('process.env is read by the configuration only, and only as a whole', () => {
  const readers = files.filter((file) => readFileSync(join('src', file), 'utf8').includes('process.env'));
  expect(readers).toEqual(['config/config.ts']);
  for (const file of readers) expect(readFileSync(join('src', file), 'utf8')).not.toMatch(/process\.env[.[]/);
});

function partOf(file: string): string {
  return normalize(file).split(sep, 1)[0] ?? file;
}

/** Static and dynamic imports, exports from, and URLs of workers. */
function relativeImports(file: string): string[] {
  const text = readFileSync(join('src', file), 'utf8');
  const specifiers = text.matchAll(/(?:from|import|import\(|new URL\()\s*['"](\.[^'"]+\.ts)['"]/g);
  return [...specifiers].map((match) => join(dirname(file), match[1] ?? ''));
}
