import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FEDERATION } from './e2e/supergraph/composition.ts';

const DOCUMENT = readFileSync('docs/federation.md', 'utf8');
/** A link to a configuration, and the next block of code. */
const CONFIGURATION =
  /\]\(\.\.\/test\/e2e\/federation\/([\w-]+\.(?:ts|toml|yaml))\)[^]*?^```\w+\n([^]*?)^```/gm;

it('the configurations of routers in docs/federation.md are parts of the tested ones', () => {
  const shown = Array.from(DOCUMENT.matchAll(CONFIGURATION), ([, file = '', code = '']) => ({ file, code }));
  expect(shown.map(({ file }) => file)).toEqual([
    'hive-sse.ts',
    'hive-websocket.ts',
    'hive-callback.ts',
    'apollo-gateway.ts',
    'grafbase.toml',
    'graph.yaml',
  ]);
  for (const { file, code } of shown) expect(readFileSync(`${FEDERATION}/${file}`, 'utf8')).toContain(code);
});

it.each([
  ['@apollo/composition', '`@apollo/composition`'],
  ['@theguild/federation-composition', '`@theguild/federation-composition`'],
  ['@wundergraph/composition', '`@wundergraph/composition`'],
  ['@grafbase/cli-x86_64-unknown-linux-musl', '| Grafbase'],
  ['@graphql-hive/gateway', '| Hive Gateway'],
  ['@graphql-hive/router-runtime', '`--hive-router-runtime`'],
  ['@apollo/gateway', '`@apollo/gateway`'],
  ['@apollo/server', '`@apollo/server`'],
])('docs/federation.md names the tested version of %s', (name, words) => {
  const {
    dependencies,
    optionalDependencies,
  }: Record<string, Record<string, string>> = JSON.parse(readFileSync(`${FEDERATION}/package.json`, 'utf8'));
  const version = { ...dependencies, ...optionalDependencies }[name] ?? '';
  expect(DOCUMENT).toContain(`${words} ${version.split('.', 2).join('.')}`);
});
