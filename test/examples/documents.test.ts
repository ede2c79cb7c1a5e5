import { globSync, readFileSync } from 'node:fs';
import { buildSchema, type DocumentNode, Kind, parse, validate, visit } from 'graphql';
import { expect, test } from 'vitest';
import { exampleDocuments } from './example-documents.ts';
import { EXAMPLES } from './examples-package.ts';

const SCHEMA = readFileSync('schema/schema.graphql', 'utf8');
const DOCUMENT = 'docs/clients.md';
/** Code in the languages of the examples; commands for a shell are not in a file. */
const BLOCK = /^```(?:tsx?|js|json|py)\n([^]*?)^```/gm;
const LINK = /\]\(\.\.\/(examples\/[\w./-]+)\)/g;

test('each code block of docs/clients.md is part of the file that is linked before it', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const blocks = [...text.matchAll(BLOCK)];
  expect(blocks.length).toBeGreaterThan(10);
  for (const { index, 1: code = '' } of blocks) {
    const path = [...text.slice(0, index).matchAll(LINK)].at(-1)?.[1] ?? '';
    expect(withoutIndentation(readFileSync(path, 'utf8'))).toContain(withoutIndentation(code));
  }
});

/** What the examples may import: their own packages, and those that they share with the package of clients. */
function dependencies(): Readonly<Record<string, string>> {
  const own: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync('examples/package.json', 'utf8'),
  );
  const shared: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  const { '@apollo/client': apollo = '', react = '' } = shared.devDependencies;
  return { ...own.dependencies, '@apollo/client': apollo, '@reelgate/client': 'workspace', react };
}

test('docs/clients.md names the versions that are installed', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const named: Readonly<Record<string, RegExp>> = {
    '@apollo/client': /\[Apollo Client\]\S* (\d+\.\d+) /,
    '@urql/core': /`@urql\/core` (\d+\.\d+)\)/,
    'relay-runtime': /\[Relay\]\S* (\d+) /,
    'graphql-ws': /\[graphql-ws\]\S* (\d+\.\d+) /,
    'graphql-sse': /\[graphql-sse\]\S* (\d+\.\d+) /,
    'graphql-request': /\[graphql-request\]\S* (\d+\.\d+) /,
  };
  const wrong = Object.entries(named).filter(
    ([name, pattern]) => !dependencies()[name]?.startsWith(`${pattern.exec(text)?.[1] ?? 'none'}.`),
  );
  expect(wrong).toEqual([]);
});

test.each([
  ['documents.ts', ['mutation', 'subscription']],
  ['graphql-request.ts', ['query']],
  ['relay/documents.ts', ['subscription']],
  ['event-source.html', ['mutation', 'subscription']],
  ['python.py', ['mutation', 'subscription']],
  ['curl.sh', ['mutation', 'subscription']],
])('%s has documents that are valid in the schema', (file, expected) => {
  const document = exampleDocuments(file);
  expect(operations(document)).toEqual(expected);
  expect(validate(buildSchema(SCHEMA), document)).toEqual([]);
});

test('the examples import only packages that are installed for them', () => {
  const files = globSync(`${EXAMPLES}/{*,relay/**/*}.{ts,tsx}`);
  const imported = files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/ from '((?:@[^'/]+\/)?[^'/.:][^'/:]*)(?:\/[^']*)?'/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  expect(imported).toContain('@apollo/client');
  expect(imported.filter((name) => !(name in dependencies()))).toEqual([]);
});

/** Reserved words of Swift and Kotlin that cannot be names of properties or enum cases without quotes. */
const RESERVED = new Set(
  `Any Self Type Protocol actor as associatedtype await break case catch class continue default defer deinit do dynamic else
  enum extension fallthrough false fileprivate for fun func guard if import in init inout interface internal is let nil null
  object open operator package precedencegroup private protocol public repeat rethrows return self static struct subscript
  super switch this throw throws true try typealias typeof val var when where while`.split(/\s+/),
);

test('no name of the schema is a reserved word of Swift or Kotlin', () => {
  const names: string[] = [];
  visit(parse(SCHEMA), { Name: ({ value }) => void names.push(value) });
  expect(names.length).toBeGreaterThan(100);
  // Values of enums become cases in lower case.
  expect(names.filter((name) => RESERVED.has(name) || RESERVED.has(name.toLowerCase()))).toEqual([]);
});

/** The script of a page is indented in its file. */
function withoutIndentation(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}

function operations(document: DocumentNode): string[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.operation] : [],
  );
}
