import { readdirSync, readFileSync } from 'node:fs';
import { type DocumentNode, parse } from 'graphql';
import { EXAMPLES } from './examples-package.ts';

/** Patterns that find the GraphQL documents in a file, by file extension. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  ts: /\b(?:gql|graphql)(?:<[^`]*>)?`([^`]*)`/g,
  sh: /^\w+='\n([^']*)'/gm,
  py: /\bgql\(\s*"""([^]*?)"""/g,
};

/** The documents in all files of an example, as one document. */
export function exampleDocuments(name: string): DocumentNode {
  const folder = `${EXAMPLES}/${name}`;
  const texts = readdirSync(folder).flatMap((file) => documentTexts(`${folder}/${file}`));
  return parse(texts.join('\n'));
}

function documentTexts(path: string): string[] {
  const pattern = PATTERNS[path.slice(path.lastIndexOf('.') + 1)];
  if (pattern === undefined) return [];
  return Array.from(readFileSync(path, 'utf8').matchAll(pattern), ([, text]) => text ?? '');
}
