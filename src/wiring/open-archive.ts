import type { Logger } from 'pino';
import { type BlobStore, BlobStoreError } from '../archive/blob-store.ts';
import { FolderBlobStore } from '../archive/blobs/folder-blob-store.ts';
import type { S3BlobStore } from '../archive/blobs/s3/s3-blob-store.ts';
import type { ArchiveSettings, S3Settings } from '../config/archive.ts';
import type { Config } from '../config/config.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { dataFolderError, openDataFolder } from '../process/data-folder.ts';
import { StartError } from '../process/start-error.ts';
import { createAgent } from '../providers/segmind/http/agent.ts';

/** An opened archive. Disposing it ends its connections. */
export interface OpenedArchive extends BlobStore, AsyncDisposable {
  /** Tells it from other archives; the same at each start. */
  readonly place: string;
}

/** Parts that are shared with the rest of the gateway. */
export interface ArchiveParts {
  /** Epoch milliseconds of the machine. */
  readonly now: () => number;
  readonly events: EventEmitter;
  readonly log: Logger;
}

type Settings = Pick<Config, 'archive' | 'dataDir' | 'redis' | 'role' | 'proxy'>;

/**
 * Opens the storage of finished videos. With the embedded store this process has locked the data folder before. A bucket is checked in
 * the background, because the gateway starts while S3 cannot be reached.
 *
 * @returns null when videos are not kept
 * @throws StartError when the folder cannot be used, or the region of a bucket is not set
 */
export async function openArchive(
  config: Settings,
  { now, events, log }: ArchiveParts,
): Promise<OpenedArchive | null> {
  const { archive, dataDir, redis } = config;
  switch (archive.type) {
    case 'off':
      reportOff(archive, log);
      return null;
    case 'folder':
      return openFolder(archive.path, { dataDir, isShared: redis !== null, now, events }, log);
    case 's3':
      return openS3(archive, config, { events, log });
  }
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
  }: Pick<ArchiveParts, 'now' | 'events'> & { readonly dataDir: string; readonly isShared: boolean },
  log: Logger,
): Promise<OpenedArchive> {
  openDataFolder(dataDir);
  const store = await FolderBlobStore.open({ ...options, path }).catch((error: unknown) => {
    throw folderError(path, dataDir, error);
  });
  log.info(
    { archive: path },
    options.isShared
      ? `videos are kept in ${path}: with Redis, DATA_DIR has to be a volume that all instances share`
      : `videos are kept in ${path}`,
  );
  return Object.assign(store, { [Symbol.asyncDispose]: async () => {} });
}

/** The data folder itself was opened before. */
function folderError(path: string, dataDir: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EEXIST' && code !== 'ENOTDIR') return dataFolderError(dataDir, error);
  return new StartError(
    `ARCHIVE=folder cannot be used, because ${path} is not a folder: move that file away, or choose another ARCHIVE`,
    { cause: error },
  );
}

async function openS3(
  { bucket, prefix, endpoint }: S3Settings,
  { proxy, role }: Settings,
  { events, log }: Pick<ArchiveParts, 'events' | 'log'>,
): Promise<OpenedArchive> {
  // The client takes a fifth of a second of CPU time and 40 MB, so it is loaded only here.
  const { S3BlobStore } = await import('../archive/blobs/s3/s3-blob-store.ts');
  const { createS3Client } = await import('../archive/blobs/s3/s3-client.ts');
  await using resources = new AsyncDisposableStack();
  const closing = new AbortController();
  const dispatcher = createAgent({ proxy, signal: closing.signal });
  resources.defer(() => dispatcher.destroy());
  const client = await createS3Client({ endpoint, dispatcher }).catch((error: unknown) => {
    throw new StartError(
      `ARCHIVE s3://${bucket} needs the region of the bucket: set AWS_REGION, such as eu-central-1; for another service than Amazon S3 set AWS_ENDPOINT_URL_S3`,
      { cause: error },
    );
  });
  resources.defer(() => client.destroy());
  const name = `bucket ${bucket} ${endpoint === null ? 'of Amazon S3' : `at ${endpoint}`}`;
  const store = new S3BlobStore({ client, bucket, prefix, place: name });
  log.info({ archive: `s3://${bucket}/${prefix}` }, `videos are kept in the ${name}`);
  const checked = reportCheck(store, { writes: role !== 'api', signal: closing.signal }, events);
  resources.defer(async () => {
    closing.abort();
    await checked;
  });
  const owned = resources.move();
  const place = `s3://${bucket}/${prefix} ${endpoint ?? ''}`;
  return Object.assign(store, { place, [Symbol.asyncDispose]: () => owned.disposeAsync() });
}

/** Checks the bucket once and emits what is wrong. Later failures appear with the video that they delay. */
async function reportCheck(
  store: S3BlobStore,
  options: { readonly writes: boolean; readonly signal: AbortSignal },
  events: EventEmitter,
): Promise<void> {
  try {
    await store.check(options);
  } catch (error) {
    if (options.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the archive cannot be used, and videos are only kept once it can. ${reason}`;
    emitFault(events, 'archiver', 'error', message, error instanceof BlobStoreError ? {} : { err: error });
  }
}
