import { createRequire } from 'node:module';
import type { GraphQLSchema } from 'graphql';
import { EXAMPLES } from './examples-package.ts';

/** Loads the generators of the examples' package. */
const load = createRequire(`${process.cwd()}/${EXAMPLES}/`);

/** Generates Swift of a schema and documents. */
export function generateSwift(schema: string, documents: string): string {
  const { generateFromString }: SwiftGenerator = load('@aws-amplify/graphql-types-generator/lib/generate');
  const options = { passthroughCustomScalars: true, customScalarsPrefix: '', complexObjectSupport: 'no' };
  return generateFromString(schema, false, documents, 'swift', false, options)['API.swift'] ?? '';
}

/** Generates Kotlin of a schema. */
export function generateKotlin(schema: string): Promise<string> {
  const { plugin }: KotlinGenerator = load('@graphql-codegen/kotlin');
  // The generator does not accept a schema of another copy of graphql.
  const { buildSchema }: { readonly buildSchema: (text: string) => GraphQLSchema } = load('graphql');
  const scalars = { URL: 'java.net.URI', DateTime: 'java.time.Instant', File: 'java.io.File', ID: 'String' };
  const config = { package: 'com.example', scalars, withTypes: true };
  return plugin(buildSchema(schema), [], config, { outputFile: 'com/example/Reelgate.kt' });
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
