import { tmpdir } from 'node:os';
import { Archiver } from '../archive/archiver.ts';
import { removeAbandonedFiles } from '../archive/download/temp-file.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../process/clocks.ts';
import type { FileClient } from '../providers/files/file-client.ts';
import type { OpenedArchive } from './open-archive.ts';
import type { GraphQLParts } from './open-graphql.ts';

type Parts = Pick<GraphQLParts, 'storage' | 'clock' | 'events'> & {
  readonly archive: OpenedArchive | null;
  readonly files: FileClient;
};

/** Wires the archiver; the caller starts it. Disposing it stops it. @returns null without an archive */
export async function openArchiver(
  config: Config,
  { storage, archive, files, clock, events }: Parts,
): Promise<Archiver | null> {
  if (archive === null || config.role === 'api') return null;
  // With Redis the process may have no folder of its own.
  const tempFolder = config.redis === null ? config.dataDir : tmpdir();
  await removeAbandonedFiles(tempFolder, systemClock.now());
  return new Archiver({
    tasks: storage.fileTasks,
    jobs: storage.store,
    blobs: archive,
    place: { current: archive.place, last: storage.archivePlace },
    files,
    clock,
    random: Math.random,
    retentionMs: config.jobRetentionMs,
    tempFolder,
    events,
  });
}
