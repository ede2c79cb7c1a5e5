import { beforeEach, expect, test } from 'vitest';
import { SharedUploads } from '../../packages/client/src/requests/shared-uploads.ts';
import type { UploadedImage } from '../../packages/client/src/types.ts';

interface Started {
  readonly report: (share: number) => void;
  readonly signal: AbortSignal;
  readonly done: PromiseWithResolvers<UploadedImage>;
}

const FILE = new Blob(['an image']);
const IMAGE = { url: 'https://files.example.com/1.png', contentType: 'image/png', byteLength: 8 };
const ignore = (): void => {};
const fail = (): void => {
  throw new Error('a fault of the app');
};

let started: Started[];
let uploads: SharedUploads;

beforeEach(() => {
  started = [];
  uploads = new SharedUploads(
    (_, report, signal) => {
      const done = Promise.withResolvers<UploadedImage>();
      signal.addEventListener('abort', () => done.reject(signal.reason));
      started.push({ report, signal, done });
      return done.promise;
    },
    () => 0,
  );
});

test('an upload whose bytes are sent, but which is not answered, stops when its only request is aborted', async () => {
  const abort = new AbortController();
  const url = uploads.urlOf(FILE, ignore, abort.signal);
  await Promise.resolve();
  started[0]?.report(1);
  abort.abort();
  await expect(url).rejects.toMatchObject({ name: 'AbortError' });
  expect(started[0]?.signal.aborted).toBe(true);
});

test('a request right after an abort uploads the file again', async () => {
  const abort = new AbortController();
  const first = uploads.urlOf(FILE, ignore, abort.signal);
  await Promise.resolve();
  abort.abort();
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  const second = uploads.urlOf(FILE, ignore, new AbortController().signal);
  await Promise.resolve();
  started[1]?.done.resolve(IMAGE);
  expect(await second).toBe(IMAGE.url);
});

test('a done upload is used again, also after requests that were aborted', async () => {
  const first = uploads.urlOf(FILE, ignore, new AbortController().signal);
  await Promise.resolve();
  started[0]?.done.resolve(IMAGE);
  await first;
  const abort = new AbortController();
  const aborted = uploads.urlOf(FILE, ignore, abort.signal);
  abort.abort();
  await aborted.catch(ignore);
  expect(await uploads.urlOf(FILE, ignore, new AbortController().signal)).toBe(IMAGE.url);
  expect(started).toHaveLength(1);
});

test('a listener that throws is removed, and does not keep the upload', async () => {
  await expect(uploads.urlOf(FILE, fail, new AbortController().signal)).rejects.toThrow('a fault of the app');
  await Promise.resolve();
  expect(started[0]?.signal.aborted).toBe(true);
});
