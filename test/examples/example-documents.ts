import { readdirSync, readFileSync } from 'node:fs';
import { type DocumentNode, parse } from 'graphql';
import { EXAMPLES } from './examples-package.ts';

/** How a document stands in a file of each language. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  ts: /\b(?:gql|graphql)(?:<[^`]*>)?`([^`]*)`/g,
  sh: /^\w+='\n([^']*)'/gm,
  py: /\bgql\(\s*"""([^]*?)"""/g,
};

/** All documents that stand in the files of one example, as one. */
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
