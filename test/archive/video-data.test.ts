import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { BlobStoreError } from '../../src/archive/blob-store.ts';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { readVideoData } from '../../src/archive/video-data.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { NO_EVENTS } from '../support/events.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overridden } from './archiver-harness.ts';

/** A connection that breaks in the middle of a file. */
function* broken(): Generator<Buffer> {
  yield Buffer.from('beginning');
  throw new Error('other side closed');
}

it.each([
  ['cannot be reached', () => Promise.reject(new BlobStoreError('The bucket cannot be reached.'))],
  ['does not answer in time', () => Promise.reject(new DOMException('timed out', 'TimeoutError'))],
  ['breaks in the middle', async () => Readable.from(broken(), { objectMode: false })],
])('a video is unavailable while the archive %s', async (_case, get) => {
  using folder = tempFolder();
  const blobs = await FolderBlobStore.open({
    path: folder.path,
    isShared: false,
    now: Date.now,
    events: NO_EVENTS,
  });
  const read = readVideoData('vj_1', { getVideoData: async () => null }, { ...overridden(blobs), get });
  await expect(read).rejects.toThrow(StoreUnavailableError);
  await expect(read).rejects.toHaveProperty(
    'shown',
    'The archive of videos cannot be read. Try again in a moment.',
  );
});
