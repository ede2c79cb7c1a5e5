import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readSettingsFile } from '../../src/config/settings-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

function read(text: string): unknown {
  using folder = tempFolder();
  const path = join(folder.path, 'file.json');
  writeFileSync(path, text);
  return readSettingsFile('SOME_FILE', path, z.array(z.string()));
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
