/** Stores files in the folder of its argument, whose disk has room for 2 MiB, and prints what happened as JSON. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';

const MIB = 1024 * 1024;
const path = join(process.argv[2] ?? '', 'archive');
const store = await FolderBlobStore.open({ path, isShared: false, now: Date.now });
const first = await put('first', MIB);
const tooLarge = await put('too-large', 3 * MIB);
const leftover = readdirSync(join(path, '.incoming'));
await store.delete('first');
const second = await put('second', MIB * 1.5);
const heads = [await store.head('first'), await store.head('too-large'), await store.head('second')];
process.stdout.write(JSON.stringify({ first, tooLarge, leftover, second, heads }));

/** @returns null, or the name and message of the error */
async function put(key: string, byteLength: number): Promise<string | null> {
  const body = Readable.from(chunks(byteLength));
  const { signal } = new AbortController();
  return store.put(key, body, { byteLength, contentType: 'video/mp4', signal }).then(
    () => null,
    (error: unknown) => `${String(error)} ${body.destroyed ? 'destroyed' : 'open'}`,
  );
}

function* chunks(byteLength: number): Generator<Buffer> {
  for (let left = byteLength; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
}
