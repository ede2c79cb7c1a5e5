import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readSettingsFile } from '../../src/config/settings-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

function read(text: string, schema: z.ZodType = z.array(z.string())): unknown {
  using folder = tempFolder();
  const path = join(folder.path, 'file.json');
  writeFileSync(path, text);
  return readSettingsFile('SOME_FILE', path, schema);
}

it('a file of settings may begin with a byte order mark', () => {
  expect(read('\uFEFF["a"]')).toEqual(['a']);
});

it('the place of a mistake is named, without the content', () => {
  const text = '[\n"s3cret" "b"]';
  expect(() => read(text)).toThrow(/cannot be read: it is not JSON \(line 2 column 10\)\. Name/);
  expect(() => read(text)).not.toThrow(/s3cret/);
  expect(() => read('[s3cret]')).toThrow(/it is not JSON\. Name/);
});

it('names each value that is missing or has a wrong type', () => {
  const schema = z.array(z.strictObject({ owner: z.string(), url: z.string() }));
  expect(() => read('[{ "url": 5 }, "b"]', schema)).toThrow(
    /is wrong:\n {2}0\.owner: is missing\n {2}0\.url: [^\n]*string[^\n]*\n {2}1: [^\n]*object/,
  );
});
