/** Stores files in the folder of its argument, whose disk has room for 2 MiB, and prints what happened as JSON. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { NO_EVENTS } from '../support/events.ts';

const MIB = 1024 * 1024;
const path = join(process.argv[2] ?? '', 'archive');
const store = await FolderBlobStore.open({ path, isShared: false, now: Date.now, events: NO_EVENTS });
const first = await put('first', MIB);
const tooLarge = await put('too-large', MIB * 0.9375);
const together = await Promise.all([put('one', MIB * 0.5), put('other', MIB * 0.5)]);
await store.delete('one');
await store.delete('other');
const filler = join(path, 'filler');
const filledMeanwhile = await put('filled', MIB * 0.5, () => fill(filler));
const leftover = readdirSync(join(path, '.incoming'));
rmSync(filler);
await store.delete('first');
const second = await put('second', MIB * 1.5);
const heads = [await store.head('first'), await store.head('too-large'), await store.head('second')];
process.stdout.write(JSON.stringify({ first, tooLarge, together, filledMeanwhile, leftover, second, heads }));

/** @returns null, or the name and message of the error */
async function put(key: string, byteLength: number, before = () => {}): Promise<string | null> {
  const body = Readable.from(chunks(byteLength, before));
  const { signal } = new AbortController();
  return store.put(key, body, { byteLength, contentType: 'video/mp4', signal }).then(
    () => null,
    (error: unknown) => `${String(error)} ${body.destroyed ? 'destroyed' : 'open'}`,
  );
}

function* chunks(byteLength: number, before: () => void): Generator<Buffer> {
  before();
  for (let left = byteLength; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
}

/** Takes the whole rest of the disk. */
function fill(file: string): void {
  try {
    writeFileSync(file, Buffer.alloc(2 * MIB));
  } catch {
    // The disk is full.
  }
}
