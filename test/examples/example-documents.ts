import { readFileSync } from 'node:fs';
import { type DocumentNode, parse } from 'graphql';
import { EXAMPLES } from './examples-package.ts';

/** The GraphQL documents in a file: texts in quotes that begin with an operation. */
const DOCUMENT = /(["`']|""")\s*((?:query|mutation|subscription) \w+[^"`']*)\1/g;

/** All documents in a file of the examples, as one. */
export function exampleDocuments(file: string): DocumentNode {
  const texts = readFileSync(`${EXAMPLES}/${file}`, 'utf8').matchAll(DOCUMENT);
  return parse(Array.from(texts, ([, , text]) => text ?? '').join('\n'));
}
