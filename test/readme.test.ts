import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAULTS } from '../src/sandbox/faults.ts';

const readme = readFileSync('README.md', 'utf8');

test('the README lists every fault of the sandbox as it is', () => {
  const rows = readme.split('\n').filter((line) => line.startsWith('| `[sandbox:'));
  expect(rows).toEqual(
    FAULTS.map(({ name, what, ends }) => `| \`[sandbox:${name}]\` | ${what} | \`${ends}\` |`),
  );
});

test('the README lists every setting of .env.example', () => {
  const settings = [...readFileSync('.env.example', 'utf8').matchAll(/^([A-Z_]+)=/gm)].map(
    (match) => match[1],
  );
  expect(settings.length).toBeGreaterThan(10);
  const table = readme.split('\n').filter((line) => /^\| `[A-Z_]+`/.test(line));
  for (const setting of settings) expect(table.join('\n')).toContain(`\`${setting}\``);
});
