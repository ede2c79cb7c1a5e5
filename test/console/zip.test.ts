import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { zip } from '../../console/src/jobs/list/zip.ts';
import { fileIn } from '../support/browser/page-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Prints each file's name and text, after Python has verified the checksums. */
const READ = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps([[name, archive.read(name).decode()] for name in archive.namelist()]))
`;

async function readBack(files: readonly (readonly [string, string])[]): Promise<unknown> {
  using folder = tempFolder();
  const archive = await zip(files.map(([name, text]) => ({ name, content: new Blob([text]) })));
  const path = fileIn(folder.path, 'videos.zip', new Uint8Array(await archive.arrayBuffer()));
  return JSON.parse(execFileSync('python3', ['-c', READ, path], { encoding: 'utf8' }));
}

test.each([
  [
    'several files',
    [
      ['a-lake.mp4', 'the first'],
      ['ein-see-ü-水.mp4', 'the second'],
    ],
  ],
  ['an empty file', [['empty.mp4', '']]],
  ['no files', []],
] as const)('another program reads an archive with %s', async (_, files) => {
  expect(await readBack(files)).toEqual(files);
});
