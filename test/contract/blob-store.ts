/** The contract of the BlobStore port. */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { type BlobStore, BodyLengthError, type ByteRange } from '../../src/archive/blob-store.ts';

/** An empty store. */
export interface OpenedBlobs extends AsyncDisposable {
  readonly store: BlobStore;
}

const KEY = 'videos/47/vj_1.mp4';
const MIB = 1024 * 1024;
const LARGE = 20 * MIB;
const CHUNK = 64 * 1024;
const LATE_MS = 200;

/** Runs the cases on an adapter. */
export function blobStoreCases(open: () => Promise<OpenedBlobs>): void {
  it('returns a stored file, whole and in parts, until it is deleted', async () => {
    await using opened = await open();
    const { store } = opened;
    const bytes = randomBytes(100_000);
    expect(await read(store)).toBeNull();
    expect(await store.head(KEY)).toBeNull();
    await put(store, bytes);
    expect(await store.head(KEY)).toBe(100_000);
    expect(await read(store)).toEqual(bytes);
    const ranges = [
      [0, 0],
      [0, 1],
      [65_535, 65_536],
      [99_999, 99_999],
      [0, 99_999],
    ] as const;
    for (const [start, end] of ranges) {
      expect(await read(store, { start, end })).toEqual(bytes.subarray(start, end + 1));
    }
    await store.delete(KEY);
    expect(await read(store)).toBeNull();
    expect(await read(store, { start: 0, end: 1 })).toBeNull();
    expect(await store.head(KEY)).toBeNull();
    await store.delete(KEY);
  });

  it('replaces a file as a whole: a reader of the earlier one gets all of it', async () => {
    await using opened = await open();
    const { store } = opened;
    const [earlier, later] = [randomBytes(3 * MIB), randomBytes(1000)];
    await put(store, earlier);
    const reader = await store.get(KEY, null, never());
    await put(store, later);
    expect(await read(store)).toEqual(later);
    expect(await store.head(KEY)).toBe(1000);
    expect((await buffer(present(reader))).equals(earlier)).toBe(true);
  });

  it('keeps files with similar keys apart, and none of their folders is a file', async () => {
    await using opened = await open();
    const { store } = opened;
    const keys = ['a', 'b/a', 'b/a.mp4', 'b/A', 'b/c/a', '-', '_/x..y'];
    for (const key of keys) await put(store, Buffer.from(key), key);
    for (const key of keys) expect(String(await read(store, null, key))).toBe(key);
    expect(await store.head('b')).toBeNull();
    expect(await read(store, null, 'b')).toBeNull();
    expect(await read(store, null, 'b/c')).toBeNull();
    await store.delete('b/a');
    expect(await store.head('b/a.mp4')).toBe(7);
  });

  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../../b',
    '.hidden',
    'a/.b',
    'a b',
    'a\\b',
    'a\0b',
    'ä',
    'a?b',
    'a%2f..',
    'C:a',
    'a'.repeat(201),
  ])('refuses the key %j', async (key) => {
    await using opened = await open();
    const { store } = opened;
    const body = Readable.from([Buffer.from('x')]);
    await expect(put(store, body, key, 1)).rejects.toThrow(RangeError);
    expect(body.destroyed).toBe(true);
    await expect(read(store, null, key)).rejects.toThrow(RangeError);
    await expect(store.head(key)).rejects.toThrow(RangeError);
    await expect(store.delete(key)).rejects.toThrow(RangeError);
  });

  it.each([
    ['fails at once', 10, () => failing([])],
    ['fails in the middle', 10, () => failing([Buffer.alloc(4)])],
    ['fails after its last byte', 10, () => failing([Buffer.alloc(10)])],
    [
      'fails after many bytes',
      2 * MIB,
      () => failing(Array.from({ length: 16 }, () => Buffer.alloc(65_536))),
    ],
  ])('stores nothing of a body that %s', async (_case, byteLength, body) => {
    await using opened = await open();
    const { store } = opened;
    await expect(put(store, body(), KEY, byteLength)).rejects.toThrow('the download broke');
    expect(await store.head(KEY)).toBeNull();
    await put(store, Buffer.from('earlier'));
    await expect(put(store, body(), KEY, byteLength)).rejects.toThrow('the download broke');
    expect(String(await read(store))).toBe('earlier');
  });

  it.each([
    ['is empty', 5, []],
    ['is short', 5, [Buffer.alloc(4)]],
    ['is long', 5, [Buffer.alloc(6)]],
    ['is long by a lot', 5, [Buffer.alloc(5), Buffer.alloc(MIB), Buffer.alloc(MIB)]],
    ['is short by a lot', 3 * MIB, [Buffer.alloc(MIB)]],
  ])('stores nothing of a body that %s', async (_case, byteLength, chunks) => {
    await using opened = await open();
    const { store } = opened;
    const body = Readable.from(chunks);
    await expect(put(store, body, KEY, byteLength)).rejects.toThrow(BodyLengthError);
    expect(body.destroyed).toBe(true);
    expect(await store.head(KEY)).toBeNull();
  });

  it.each([
    ['fails', 'the download broke', () => failing([])],
    ['has another byte', 'has more', () => Readable.from([Buffer.alloc(1)])],
  ])('waits for the end of a body, which %s after its last byte', async (_case, message, ending) => {
    await using opened = await open();
    const { store } = opened;
    const body = Readable.from(
      (async function* () {
        yield Buffer.alloc(5);
        // Meanwhile a storage that has all announced bytes would store them.
        await delay(LATE_MS);
        yield* ending();
      })(),
    );
    await expect(put(store, body, KEY, 5)).rejects.toThrow(message);
    expect(await store.head(KEY)).toBeNull();
  });

  it('stores nothing of a body that failed before', async () => {
    await using opened = await open();
    const { store } = opened;
    const body = failing([]);
    body.on('error', () => {}).resume();
    await closed(body);
    await expect(put(store, body, KEY, 1)).rejects.toThrow('the download broke');
    expect(await store.head(KEY)).toBeNull();
  });

  it('ends an upload when its signal is aborted, and stores nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const aborting = new AbortController();
    const reason = new Error('the lease was lost');
    const body = new PassThrough();
    body.write(Buffer.alloc(1000));
    const stored = store.put(KEY, body, {
      byteLength: 2000,
      contentType: 'video/mp4',
      signal: aborting.signal,
    });
    await expect.poll(() => body.readableLength, { interval: 5 }).toBe(0);
    aborting.abort(reason);
    await expect(stored).rejects.toBe(reason);
    expect(body.destroyed).toBe(true);
    expect(await store.head(KEY)).toBeNull();
    const late = store.put(KEY, Readable.from([Buffer.alloc(1)]), {
      byteLength: 1,
      contentType: 'video/mp4',
      signal: aborting.signal,
    });
    await expect(late).rejects.toBe(reason);
    expect(await store.head(KEY)).toBeNull();
  });

  it('ends a download when its signal is aborted, or its stream destroyed', async () => {
    await using opened = await open();
    const { store } = opened;
    await put(store, Buffer.alloc(3 * MIB));
    const aborting = new AbortController();
    const aborted = present(await store.get(KEY, null, aborting.signal));
    const destroyed = present(await store.get(KEY, null, never()));
    const ends = [aborted, destroyed].map(closed);
    destroyed.destroy();
    aborting.abort();
    await Promise.all(ends);
    expect(aborted.readableEnded).toBe(false);
    // Its bytes may have arrived already.
    await put(store, Buffer.alloc(9), 'small');
    const small = present(await store.get('small', null, never()));
    const end = closed(small);
    small.destroy();
    await end;
    const { signal } = aborting;
    await expect(store.get(KEY, null, signal)).rejects.toBe(signal.reason);
    await expect(store.head(KEY, signal)).rejects.toBe(signal.reason);
    await expect(store.delete(KEY, signal)).rejects.toBe(signal.reason);
    expect(await store.head(KEY)).not.toBeNull();
  });

  it('stores one of many files that are stored under one key at the same time', async () => {
    await using opened = await open();
    const { store } = opened;
    const files = Array.from({ length: 8 }, (_, index) => Buffer.alloc(50_000 + index, index));
    await Promise.all(files.map((bytes) => put(store, bytes)));
    const stored = present(await read(store));
    expect(files.some((bytes) => bytes.equals(stored))).toBe(true);
    expect(await store.head(KEY)).toBe(stored.length);
  });

  it('stores an empty file', async () => {
    await using opened = await open();
    const { store } = opened;
    await put(store, Buffer.alloc(0));
    expect(await store.head(KEY)).toBe(0);
    expect(await read(store)).toHaveLength(0);
  });

  it('holds a few chunks of a large file in memory, in both directions', async () => {
    await using opened = await open();
    const { store } = opened;
    const held = new HeldBuffers();
    const body = Readable.from(
      (function* () {
        for (let start = 0; start < LARGE; start += CHUNK) {
          held.sample(start);
          // A new buffer each time: one that is used again would hide that an adapter keeps all chunks.
          yield Buffer.alloc(CHUNK, start / CHUNK);
        }
      })(),
    );
    await put(store, body, KEY, LARGE);
    let length = 0;
    for await (const chunk of present(await store.get(KEY, null, never()))) {
      held.sample(length);
      const bytes: Buffer = chunk;
      for (const offset of [0, bytes.length - 1]) {
        expect(bytes[offset]).toBe(Math.floor((length + offset) / CHUNK) % 256);
      }
      length += bytes.length;
    }
    expect(length).toBe(LARGE);
    expect(held.peakBytes).toBeLessThan(4 * MIB);
  });
}

/** Stores a file. */
export async function put(
  store: BlobStore,
  content: Buffer | Readable,
  key = KEY,
  byteLength = content instanceof Readable ? 0 : content.length,
): Promise<void> {
  const body = content instanceof Readable ? content : Readable.from(pieces(content));
  await store.put(key, body, { byteLength, contentType: 'video/mp4', signal: never() });
}

/** Reads a file; null when there is none. */
export async function read(
  store: BlobStore,
  range: ByteRange | null = null,
  key = KEY,
): Promise<Buffer | null> {
  const stream = await store.get(key, range, never());
  return stream === null ? null : buffer(stream);
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 16_384) yield bytes.subarray(start, start + 16_384);
}

function failing(chunks: readonly Buffer[]): Readable {
  return Readable.from(
    (function* () {
      yield* chunks;
      throw new Error('the download broke');
    })(),
  );
}

/** Resolves when a stream has ended in any way. It adds no listener for errors: without another one, an error ends the process. */
function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.on('close', resolve);
    if (stream.closed) resolve();
  });
}

/** Measures the bytes in buffers that are in use. */
class HeldBuffers {
  peakBytes = 0;
  readonly #collect = garbageCollector();
  readonly #before: number;
  #next = 0;

  constructor() {
    this.#collect();
    this.#before = process.memoryUsage().arrayBuffers;
  }

  /** @param position bytes of the file so far */
  sample(position: number): void {
    if (position < this.#next) return;
    this.#next = position + LARGE / 8;
    this.#collect();
    this.peakBytes = Math.max(this.peakBytes, process.memoryUsage().arrayBuffers - this.#before);
  }
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('This Node has no gc().');
  return () => void collect();
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('There is no file.');
  return value;
}
