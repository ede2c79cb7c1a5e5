import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { StartError } from './start-error.ts';

/**
 * Creates a folder and its missing parents. Node's own `recursive` never returns on a file system that allows no folders, such as
 * /proc.
 *
 * @throws Error of the system
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw systemError('ENOTDIR', `not a directory, mkdir '${folder}'`);
    return;
  }
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Creates the data folder if it is missing, and checks that this process may write it and the files in it.
 *
 * @throws StartError
 */
export function openDataFolder(path: string): void {
  try {
    makeFolder(path);
    const own = readdirSync(path).filter((name) => name.startsWith('reelgate.'));
    for (const name of ['', ...own]) accessSync(join(path, name), constants.R_OK | constants.W_OK);
  } catch (error) {
    throw dataFolderError(path, error);
  }
}

/**
 * Explains why the data folder cannot be used.
 *
 * @param error of the system or of SQLite
 * @returns a StartError; an error without an explanation unchanged
 */
export function dataFolderError(path: string, error: unknown): unknown {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = REMEDIES.get(codeOf(error)) ?? REMEDIES.get(sqliteCodeOf(error));
  if (remedy === undefined) return error;
  return new StartError(`DATA_DIR ${path} ${remedy(path)} (${reason})`, { cause: error });
}

const notAllowed = () =>
  `is not writable for this user${process.getuid === undefined ? '' : `, uid ${process.getuid()}`}: give the folder and its files to that user, or choose another DATA_DIR`;
const noFolder = () => 'is not a folder, or has a parent that is not a folder: set DATA_DIR to a folder';
const readOnly = () => 'is on a read-only file system: mount it writable, or choose another DATA_DIR';
const full = () => 'is on a full disk: free some space, or choose another DATA_DIR';
const damaged = (path: string) =>
  `contains a damaged file or one that is not a database: restore ${join(path, 'reelgate.sqlite')} from a backup, or move the files reelgate.* away to start without the jobs in them`;
const notCreated = () => 'cannot be created: choose another DATA_DIR';

/** By error codes of the system and of SQLite. */
const REMEDIES: ReadonlyMap<unknown, (path: string) => string> = new Map([
  ['EACCES', notAllowed],
  ['EPERM', notAllowed],
  ['EEXIST', noFolder],
  ['ENOTDIR', noFolder],
  ['EROFS', readOnly],
  ['ENOSPC', full],
  ['EDQUOT', full],
  ['ENOENT', notCreated],
  ['EINVAL', notCreated],
  ['ENAMETOOLONG', notCreated],
  ['ELOOP', notCreated],
  ['SQLITE_PERM', notAllowed],
  ['SQLITE_READONLY', notAllowed],
  ['SQLITE_CANTOPEN', notAllowed],
  ['SQLITE_FULL', full],
  ['SQLITE_CORRUPT', damaged],
  ['SQLITE_NOTADB', damaged],
]);

/** https://sqlite.org/rescode.html; the low byte. */
const SQLITE_CODES: ReadonlyMap<number, string> = new Map([
  [3, 'SQLITE_PERM'],
  [8, 'SQLITE_READONLY'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [26, 'SQLITE_NOTADB'],
]);

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function sqliteCodeOf(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return SQLITE_CODES.get(code & 0xff);
}

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}
