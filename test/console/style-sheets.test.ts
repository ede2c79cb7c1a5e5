import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Properties and values of one side, which would not change the side on pages from right to left. */
const PHYSICAL =
  /(?:^|[\s{;])(?:(?:margin|padding|border)-(?:left|right)|left|right)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b/;

test('style sheets select pages from right to left by an attribute: the build turns :dir() into a list of languages', () => {
  const files = globSync('console/src/**/*.css');
  expect(files.filter((file) => readFileSync(file, 'utf8').includes(':dir('))).toEqual([]);
});

test('style sheets use logical properties, so that pages from right to left are mirrored', () => {
  const files = globSync('console/src/**/*.css');
  expect(files.length).toBeGreaterThan(5);
  const lines = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => PHYSICAL.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(lines).toEqual([]);
});
