import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DOCUMENT = 'docs/clients.md';
/** Code in the languages of the examples; commands for a shell are not in a file. */
const BLOCK = /^```(?:ts|js|json|py)\n([^]*?)^```/gm;
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

test('docs/clients.md names the versions that are installed', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync('examples/package.json', 'utf8'),
  );
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
    ([name, pattern]) => !dependencies[name]?.startsWith(`${pattern.exec(text)?.[1] ?? 'none'}.`),
  );
  expect(wrong).toEqual([]);
});

/** The script of a page is indented in its file. */
function withoutIndentation(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}
