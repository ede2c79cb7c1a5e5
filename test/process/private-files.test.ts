import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFilesPrivate } from '../../src/process/private-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

it('keeps other programs’ files unchanged, and a folder that contains some', () => {
  using outer = tempFolder();
  const folder = join(outer.path, 'shared');
  mkdirSync(join(folder, 'sandbox'), { recursive: true });
  const foreign = join(folder, 'site.html');
  const linked = join(outer.path, 'linked');
  const own = join(folder, 'reelgate.sqlite');
  for (const path of [foreign, linked, own]) writeFileSync(path, '');
  symlinkSync(linked, join(folder, 'sandbox', 'link'));
  chmodSync(folder, 0o755);
  for (const path of [foreign, linked, own]) chmodSync(path, 0o644);
  expect(makeFilesPrivate(folder)).toMatchObject({ repaired: 2, failed: [] });
  const modes = [folder, foreign, linked, own, join(folder, 'sandbox')].map(modeOf);
  expect(modes).toEqual(['755', '644', '644', '600', '700']);
  expect(makeFilesPrivate(folder)).toMatchObject({ repaired: 0 });
});

it('keeps a folder unchanged that every user may write to, such as /tmp', () => {
  using outer = tempFolder();
  chmodSync(outer.path, 0o1777);
  expect(makeFilesPrivate(outer.path)).toMatchObject({ repaired: 0 });
  expect(makeFilesPrivate(join(outer.path, 'missing'))).toMatchObject({ repaired: 0, failed: [] });
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
