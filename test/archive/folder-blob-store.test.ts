import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BlobStoreError } from '../../src/archive/blob-store.ts';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { blobStoreCases, put, read } from '../contract/blob-store.ts';
import { listening, NO_EVENTS } from '../support/events.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const HOUR_MS = 60 * 60 * 1000;
const KEY = 'videos/47/vj_1.mp4';

describe('the folder', () => {
  blobStoreCases(async () => {
    const folder = tempFolder();
    return { store: await openIn(folder), [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  });

  it('has files and folders that only its user can read', async () => {
    using folder = tempFolder();
    await put(await openIn(folder), Buffer.from('x'));
    const names = readdirSync(archiveIn(folder), { recursive: true, encoding: 'utf8' });
    expect(names.toSorted()).toEqual(['.incoming', '.reelgate-archive', 'videos', 'videos/47', KEY]);
    for (const name of ['', ...names]) {
      const stats = statSync(join(archiveIn(folder), name));
      expect([name, (stats.mode & 0o777).toString(8)]).toEqual([name, stats.isDirectory() ? '700' : '600']);
    }
  });

  it('closes a file whose disk fails after it was opened, and explains the failure', async () => {
    using folder = tempFolder();
    const store = await openIn(folder);
    await put(store, Buffer.from('x'));
    const handle = await open(join(archiveIn(folder), KEY));
    const methods: FileHandle = Object.getPrototypeOf(handle);
    await handle.close();
    const stat = vi.spyOn(methods, 'stat').mockRejectedValue(new Error('EIO: i/o error'));
    onTestFinished(() => stat.mockRestore());
    await expect(store.get(KEY, null, new AbortController().signal)).rejects.toThrow(BlobStoreError);
    expect(stat.mock.contexts[0]).toHaveProperty('fd', -1);
  });

  it('keeps its files over a restart', async () => {
    using folder = tempFolder();
    await put(await openIn(folder), Buffer.from('kept'));
    expect(String(await read(await openIn(folder)))).toBe('kept');
  });

  it('is the same place at each start, and another one after it was deleted', async () => {
    using folder = tempFolder();
    const { place } = await openIn(folder);
    expect((await openIn(folder)).place).toBe(place);
    rmSync(archiveIn(folder), { recursive: true });
    expect((await openIn(folder)).place).not.toBe(place);
  });

  it('of an earlier version is a place as well', async () => {
    using folder = tempFolder();
    mkdirSync(archiveIn(folder));
    writeFileSync(
      join(archiveIn(folder), '.reelgate-archive'),
      'The videos of Reelgate are in this folder.\n',
    );
    const { place } = await openIn(folder);
    expect((await openIn(folder)).place).toBe(place);
    rmSync(archiveIn(folder), { recursive: true });
    expect((await openIn(folder)).place).not.toBe(place);
  });
});

describe('a folder that was deleted or replaced while the gateway runs', () => {
  it.each([
    ['deleted', (path: string) => rmSync(path, { recursive: true })],
    ['moved away', (path: string) => renameSync(path, `${path}.moved`)],
    [
      'replaced by an empty one, as without its volume',
      (path: string) => {
        renameSync(path, `${path}.moved`);
        mkdirSync(join(path, 'videos/47'), { recursive: true });
      },
    ],
  ])(
    'is an error when it was %s: nothing is stored, and no file counts as missing',
    async (_case, damage) => {
      using folder = tempFolder();
      const store = await openIn(folder);
      await put(store, Buffer.from('x'));
      damage(archiveIn(folder));
      const message = `The folder of the archive ${archiveIn(folder)} was deleted or replaced while the gateway was running`;
      for (const use of [
        () => put(store, Buffer.from('y')),
        () => read(store),
        () => store.head(KEY),
        () => store.delete(KEY),
      ]) {
        await expect(use()).rejects.toThrow(BlobStoreError);
        await expect(use()).rejects.toThrow(message);
      }
    },
  );

  it('works again when the same folder is back', async () => {
    using folder = tempFolder();
    const store = await openIn(folder);
    await put(store, Buffer.from('x'));
    renameSync(archiveIn(folder), `${archiveIn(folder)}.moved`);
    await expect(store.head(KEY)).rejects.toThrow(BlobStoreError);
    renameSync(`${archiveIn(folder)}.moved`, archiveIn(folder));
    expect(await store.head(KEY)).toBe(1);
    rmSync(join(archiveIn(folder), '.incoming'), { recursive: true });
    rmSync(join(archiveIn(folder), 'videos'), { recursive: true });
    await put(store, Buffer.from('again'));
    expect(String(await read(store))).toBe('again');
  });
});

it.each([
  ['a link to another file', (path: string) => symlinkSync('/etc/passwd', path)],
  ['a link to nothing', (path: string) => symlinkSync('/nowhere', path)],
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path])],
])('%s is not read, reported once, and replaced by an upload', async (_case, make) => {
  using folder = tempFolder();
  const warned: object[] = [];
  const store = await openIn(
    folder,
    listening('fault', ({ details }) => warned.push(details)),
  );
  await put(store, Buffer.from('x'));
  const path = join(archiveIn(folder), KEY);
  rmSync(path);
  make(path);
  expect(await store.head(KEY)).toBeNull();
  expect(await read(store)).toBeNull();
  expect(warned).toEqual([{ path }]);
  await put(store, Buffer.from('video'));
  expect(String(await read(store))).toBe('video');
});

describe('files that a crash left over', () => {
  it('are deleted at the start, when no other process stores files', async () => {
    using folder = tempFolder();
    await openIn(folder);
    const leftover = leaveOver(folder, 0);
    await openIn(folder);
    expect(readdirSync(join(archiveIn(folder), '.incoming'))).toEqual([]);
    expect(() => statSync(leftover)).toThrow('ENOENT');
  });

  it('are deleted hours later in a shared folder, at the start and by a later upload', async () => {
    using folder = tempFolder();
    await openIn(folder);
    const [old, recent] = [leaveOver(folder, 7 * HOUR_MS), leaveOver(folder, 5 * HOUR_MS)];
    let now = Date.now();
    const store = await FolderBlobStore.open({
      path: archiveIn(folder),
      isShared: true,
      now: () => now,
      events: NO_EVENTS,
    });
    expect(() => statSync(old)).toThrow('ENOENT');
    now += 2 * HOUR_MS;
    await put(store, Buffer.from('x'));
    expect(() => statSync(recent)).toThrow('ENOENT');
    const other = leaveOver(folder, 0);
    await put(store, Buffer.from('x'));
    expect(statSync(other).size).toBe(4);
  });

  it('are not those of a failed upload, which deletes its own', async () => {
    using folder = tempFolder();
    const store = await openIn(folder);
    await expect(put(store, Readable.from([Buffer.alloc(9)]), KEY, 10)).rejects.toThrow('has 9');
    expect(readdirSync(join(archiveIn(folder), '.incoming'))).toEqual([]);
  });
});

async function openIn(folder: TempFolder, events = NO_EVENTS): Promise<FolderBlobStore> {
  return FolderBlobStore.open({ path: archiveIn(folder), isShared: false, now: Date.now, events });
}

function archiveIn({ path }: TempFolder): string {
  return join(path, 'archive');
}

/** @returns the path of a file that was written some milliseconds ago and is not complete */
function leaveOver(folder: TempFolder, agoMs: number): string {
  const path = join(archiveIn(folder), '.incoming', `left-${agoMs}`);
  writeFileSync(path, 'part');
  const at = (Date.now() - agoMs) / 1000;
  utimesSync(path, at, at);
  return path;
}
