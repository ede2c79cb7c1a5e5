import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { FAULTS } from '../packages/sandbox/src/faults/faults.ts';

const lines = (path: string) => readFileSync(path, 'utf8').split('\n');

test('docs/sandbox.md lists every fault of the sandbox as it is', () => {
  const rows = lines('docs/sandbox.md').filter((line) => line.startsWith('| `[sandbox:'));
  expect(rows).toEqual(
    FAULTS.map(
      ({ name, description, outcome }) => `| \`[sandbox:${name}]\` | ${description} | \`${outcome}\` |`,
    ),
  );
});

test('docs/configuration.md lists every setting of .env.example', () => {
  const settings = [...readFileSync('.env.example', 'utf8').matchAll(/^([A-Z_]+)=/gm)].map(
    (match) => match[1],
  );
  expect(settings.length).toBeGreaterThan(10);
  const table = lines('docs/configuration.md').filter((line) => /^\| `[A-Z_]+`/.test(line));
  for (const setting of settings) expect(table.join('\n')).toContain(`\`${setting}\``);
});

/** Constants beside the codes of errors. */
const NO_CODES = /^(?:AUTH_(?:API_KEYS_FILE|AUDIENCE|ISSUER)|EAI_AGAIN|TRUSTED_DOCUMENTS_FILE)$/;

test('docs/errors.md lists every code of an error', () => {
  const sources = globSync('src/{auth,graphql,operations,transports,watching}/**/*.ts');
  const codes = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map((match) => match[1] ?? ''),
  );
  expect(codes.length).toBeGreaterThan(30);
  const listed = readFileSync('docs/errors.md', 'utf8');
  expect(codes.filter((code) => !NO_CODES.test(code) && !listed.includes(`\`${code}\``))).toEqual([]);
});

test('the README has at most 200 lines', () => {
  expect(lines('README.md').length - 1).toBeLessThanOrEqual(200);
});

test('every local link of the README and of docs leads to a file', () => {
  const documents = ['README.md', ...globSync('docs/**/*.md')];
  const broken = documents.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map((match) => join(dirname(path), match[1] ?? ''))
      .filter((target) => !existsSync(target))
      .map((target) => `${path}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('docs/upstream.md explains every source mark', () => {
  const explained = readFileSync('docs/upstream.md', 'utf8');
  for (const mark of ['page', 'docs', 'seen', 'SDK', 'profile', 'unknown'])
    expect(explained).toContain(`| \`[${mark}]\` |`);
});

/** A decision's context names files of the time before it. */
const CONTEXT = /^## Context$[\s\S]*?^## Decision$/m;
const PATH = /`((?:src|packages|test|bench|console|client|examples|schema|scripts|docs)\/[\w./-]+)/g;

test('every path that the README and docs name exists', () => {
  const documents = ['README.md', ...globSync('docs/**/*.md')];
  const missing = documents.flatMap((path) =>
    [...readFileSync(path, 'utf8').replace(CONTEXT, '').matchAll(PATH)]
      .map((match) => match[1] ?? '')
      .filter((named) => !existsSync(named))
      .map((named) => `${path}: ${named}`),
  );
  expect(missing).toEqual([]);
});

const RECORDS = globSync('docs/adr/[0-9]*.md');

test.each(RECORDS)('%s has every part of a decision record', (path) => {
  const text = readFileSync(path, 'utf8');
  const parts = [/^# \d+\. ./, /^(?:- )?Status: ./m, /\bDate: 20\d\d-\d\d-\d\d/];
  for (const part of parts) expect(text).toMatch(part);
  const headings = [...text.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
  expect(headings).toEqual(['Context', 'Decision', 'Consequences', 'Alternatives', 'Confirmed by']);
});

test('docs/adr/README.md lists every decision record', () => {
  const listed = readFileSync('docs/adr/README.md', 'utf8');
  expect(RECORDS.filter((path) => !listed.includes(`(${basename(path)})`))).toEqual([]);
});

test('every test that docs/invariants.md names by its title exists', () => {
  const rows = lines('docs/invariants.md').filter((line) => /^\| \d+ /.test(line));
  const titles = rows.flatMap((row) => [...row.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ''));
  expect(titles.length).toBeGreaterThan(10);
  const tests = globSync('test/domain/job/*.test.ts').map((path) => readFileSync(path, 'utf8'));
  expect(titles.filter((title) => !tests.some((text) => text.includes(title)))).toEqual([]);
});

/** Quoted log lines have blanks; a quoted name or value has none. */
const LOG_LINE = /`([A-Za-z_]+ [^`:]+)`/g;

test('every log line that docs/operations.md quotes is in the code', () => {
  const rows = lines('docs/operations.md').filter((line) => /^\| .*\blog\b.*`/.test(line));
  const quotes = rows.flatMap((row) =>
    [...row.matchAll(LOG_LINE)].flatMap((match) => match[1]?.split('…') ?? []),
  );
  expect(quotes.length).toBeGreaterThan(15);
  const sources = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'));
  expect(quotes.filter((quote) => !sources.some((text) => text.includes(quote.trim())))).toEqual([]);
});
