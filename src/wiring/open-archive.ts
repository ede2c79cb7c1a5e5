import type { Logger } from 'pino';
import type { BlobStore } from '../archive/blob-store.ts';
import { FolderBlobStore } from '../archive/blobs/folder-blob-store.ts';
import type { ArchiveSettings } from '../config/archive.ts';
import type { Config } from '../config/config.ts';
import { dataFolderError, openDataFolder } from '../process/data-folder.ts';
import { StartError } from '../process/start-error.ts';

/** An opened archive. Disposing it ends its connections. */
export type OpenedArchive = BlobStore & AsyncDisposable;

type Settings = Pick<Config, 'archive' | 'dataDir' | 'redis'>;

/**
 * Opens the storage of finished videos. With the embedded store this process has locked the data folder before.
 *
 * @param now epoch milliseconds of the machine
 * @returns null when videos are not kept
 * @throws StartError when the folder cannot be used
 */
export async function openArchive(
  { archive, dataDir, redis }: Settings,
  now: () => number,
  log: Logger,
): Promise<OpenedArchive | null> {
  if (archive.type === 'off') {
    reportOff(archive, log);
    return null;
  }
  if (archive.type === 's3') throw new StartError('ARCHIVE: s3 is not supported yet');
  return openFolder(archive.path, { dataDir, isShared: redis !== null, now }, log);
}

function reportOff({ chosen }: Extract<ArchiveSettings, { type: 'off' }>, log: Logger): void {
  if (chosen) {
    log.info('ARCHIVE is off: videos are not kept, and their links end when the upstream deletes its files');
    return;
  }
  log.warn(
    'ARCHIVE is not set: videos are not kept, and their links end when the upstream deletes its files. Set ARCHIVE=s3://bucket/prefix to keep them, or ARCHIVE=folder if DATA_DIR is a volume that all instances share',
  );
}

async function openFolder(
  path: string,
  {
    dataDir,
    ...options
  }: { readonly dataDir: string; readonly isShared: boolean; readonly now: () => number },
  log: Logger,
): Promise<OpenedArchive> {
  openDataFolder(dataDir);
  const store = await FolderBlobStore.open({ ...options, path }).catch((error: unknown) => {
    throw dataFolderError(dataDir, error);
  });
  log.info(
    { archive: path },
    options.isShared
      ? `videos are kept in ${path}: with Redis, DATA_DIR has to be a volume that all instances share`
      : `videos are kept in ${path}`,
  );
  return Object.assign(store, { [Symbol.asyncDispose]: async () => {} });
}
