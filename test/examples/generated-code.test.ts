import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { buildSchema, type GraphQLSchema, isEnumType, isInputObjectType, parse, visit } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { EXAMPLES, installExamples } from './examples-package.ts';

const INSTALL_MS = 300_000;
const run = promisify(execFile);
/** Loads the generators of the examples' package. */
const load = createRequire(`${process.cwd()}/${EXAMPLES}/`);

const SCHEMA = readFileSync('schema/schema.graphql', 'utf8');
const schema = buildSchema(SCHEMA);

beforeAll(installExamples, INSTALL_MS);

test('the artifacts of Relay are up to date', async () => {
  const { stdout } = await run('../node_modules/.bin/relay-compiler', ['--validate'], {
    cwd: `${EXAMPLES}/relay`,
  });
  expect(stdout).toContain('Done');
});

test('the examples in TypeScript have the right types', async () => {
  expect(await run('node_modules/.bin/tsc', ['-p', EXAMPLES])).toMatchObject({ stdout: '' });
});

test('the examples import only packages that their own package.json names', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(`${EXAMPLES}/package.json`, 'utf8'),
  );
  const files = globSync(`${EXAMPLES}/{*,apollo/*,relay/**/*}.ts`);
  const imported = files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/ from '((?:@[^'/]+\/)?[^'/.:][^'/:]*)(?:\/[^']*)?'/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  expect(imported).toContain('@apollo/client');
  expect(imported.filter((name) => !(name in dependencies))).toEqual([]);
});

test('Swift is generated from the schema and the documents of schema/operations', () => {
  const documents = globSync('schema/operations/*.graphql').map((path) => readFileSync(path, 'utf8'));
  const { generateFromString }: SwiftGenerator = load('@aws-amplify/graphql-types-generator/lib/generate');
  const options = { passthroughCustomScalars: true, customScalarsPrefix: '', complexObjectSupport: 'no' };
  const { 'API.swift': swift = '' } = generateFromString(
    SCHEMA,
    false,
    documents.join('\n'),
    'swift',
    false,
    options,
  );
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
  const { plugin }: KotlinGenerator = load('@graphql-codegen/kotlin');
  const scalars = { URL: 'java.net.URI', DateTime: 'java.time.Instant', File: 'java.io.File', ID: 'String' };
  // The generator does not accept a schema of another copy of graphql.
  const { buildSchema: build }: { readonly buildSchema: (text: string) => GraphQLSchema } = load('graphql');
  const kotlin = await plugin(
    build(SCHEMA),
    [],
    { package: 'com.example', scalars, withTypes: true },
    { outputFile: 'com/example/Reelgate.kt' },
  );
  expect(kotlin).toContain('val image: java.net.URI');
  expect(kotlin).toContain('val createdAt: java.time.Instant');
  for (const { name } of types(schema).filter(isEnumType)) expect(kotlin).toContain(`enum class ${name}(`);
  for (const { name } of types(schema).filter(isInputObjectType))
    expect(kotlin).toContain(`data class ${name}(`);
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

function types(source: GraphQLSchema) {
  return Object.values(source.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
}

interface SwiftGenerator {
  readonly generateFromString: (
    schema: string,
    isIntrospection: boolean,
    documents: string,
    target: 'swift',
    hasManyFiles: boolean,
    options: object,
  ) => Readonly<Record<string, string>>;
}

interface KotlinGenerator {
  readonly plugin: (
    schema: GraphQLSchema,
    documents: readonly [],
    config: object,
    info: { readonly outputFile: string },
  ) => Promise<string>;
}
