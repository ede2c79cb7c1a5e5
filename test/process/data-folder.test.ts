import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { dataFolderError, makeFolder, openDataFolder } from '../../src/process/data-folder.ts';
import { StartError } from '../../src/process/start-error.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('creates the missing folders of its path', () => {
  using folder = tempFolder();
  openDataFolder(`${folder.path}/a/b/c`);
  openDataFolder(`${folder.path}/a/b/c/`);
  expect(existsSync(`${folder.path}/a/b/c`)).toBe(true);
});

test.each(['/proc/x', '/proc/x/y/z'])('%s fails instead of running forever', (path) => {
  expect(() => makeFolder(path)).toThrow(/ENOENT/);
  expect(() => openDataFolder(path)).toThrow(`DATA_DIR ${path} cannot be created: choose another`);
});

test.each(['file', 'file/below'])('a file in its place is named in the error: %s', (name) => {
  using folder = tempFolder();
  writeFileSync(`${folder.path}/file`, '');
  const path = `${folder.path}/${name}`;
  expect(() => openDataFolder(path)).toThrow(StartError);
  expect(() => openDataFolder(path)).toThrow(`DATA_DIR ${path} is not a folder, or has a parent`);
});

test.each(['the folder', 'the database'])(
  '%s of another user is named in the error, with the remedy',
  (what) => {
    using folder = tempFolder();
    chmodSync(folder.path, 0o755);
    const path = `${folder.path}/data`;
    mkdirSync(path);
    writeFileSync(`${path}/reelgate.sqlite`, '');
    chmodSync(path, what === 'the folder' ? 0o555 : 0o777);
    chmodSync(`${path}/reelgate.sqlite`, what === 'the folder' ? 0o666 : 0o444);
    const told = openAsNobody(path, folder.path);
    expect(told).toMatch(/DATA_DIR .*data is not writable for this user, uid \d+: give the folder/);
  },
);

test('an error of SQLite is reported with the remedy', () => {
  using folder = tempFolder();
  const path = `${folder.path}/reelgate.sqlite`;
  const full = attempt(() => {
    using database = new DatabaseSync(path);
    database.exec('PRAGMA max_page_count = 2; CREATE TABLE a (b); CREATE TABLE c (d)');
  });
  expect(dataFolderError(folder.path, full)).toMatchObject({
    message: expect.stringMatching(/^DATA_DIR .* is on a full disk: free some space/),
  });
  writeFileSync(path, 'no database at all'.repeat(100));
  const damaged = attempt(() => {
    using database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL');
  });
  expect(dataFolderError(folder.path, damaged)).toMatchObject({
    name: 'StartError',
    message: expect.stringMatching(
      /^DATA_DIR .* contains a damaged file.*restore .*reelgate\.sqlite from a backup/,
    ),
  });
  const other = new Error('a fault of the gateway');
  expect(dataFolderError(folder.path, other)).toBe(other);
});

/** Opens the folder as the user `nobody`, because root may write everywhere. @returns the error */
function openAsNobody(path: string, folder: string): string {
  for (const name of ['data-folder.ts', 'start-error.ts'])
    copyFileSync(`src/process/${name}`, `${folder}/${name}`);
  const script = `import { openDataFolder } from '${folder}/data-folder.ts'; openDataFolder('${path}')`;
  const user = process.geteuid?.() === 0 ? { uid: 65_534 } : {};
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...user,
    encoding: 'utf8',
  });
  return stderr;
}

function attempt(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
}
