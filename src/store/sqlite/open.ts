import { dataFolderError, openDataFolder } from '../../process/data-folder.ts';
import { SharedAccountCredits } from '../account-credits.ts';
import { CachedBacklog } from '../backlog.ts';
import { describeRpm, SharedCallBudget } from '../call-budget.ts';
import { SharedDurations } from '../durations.ts';
import { MemoryInstances } from '../instances.ts';
import { MemoryRegisteredDocuments } from '../memory-registered-documents.ts';
import { memoryOwnerRate } from '../owner-rate.ts';
import type { Storage, StorageOptions } from '../storage.ts';
import { SqliteBacklog } from './sqlite-backlog.ts';
import { SqliteDeliveries } from './sqlite-deliveries.ts';
import { SqliteFileTasks } from './sqlite-file-tasks.ts';
import { SqliteJobStore } from './sqlite-job-store.ts';
import { SqliteOperatorActions } from './sqlite-operator-actions.ts';
import { SqliteSharedText } from './sqlite-shared-text.ts';
import { SqliteSubmissions } from './sqlite-submissions.ts';

/**
 * Opens the embedded store in the data folder.
 *
 * @throws FolderInUseError when another process has the folder; StartError when it cannot be used
 */
export function openSqlite(options: StorageOptions): Storage {
  const { dataDir } = options.config;
  openDataFolder(dataDir);
  try {
    return open(options);
  } catch (error) {
    throw dataFolderError(dataDir, error);
  }
}

function open({ config, clock, log, events }: StorageOptions): Storage {
  const { dataDir, role, segmindRpm, jobRetentionMs: retentionMs } = config;
  const { generateRpmPerOwner: rpm } = config.limits;
  const now = () => clock.now();
  const store = new SqliteJobStore({
    folder: dataDir,
    retentionMs,
    now,
    events,
  });
  log.info(
    { engine: 'sqlite', dataDir, role, rpm: segmindRpm },
    `jobs are kept in ${dataDir}; role ${role}, ${describeRpm(segmindRpm)}`,
  );
  const { database, commits, quarantine } = store;
  const state = new SqliteSharedText(database, commits, 'call-budget');
  return {
    store,
    cache: store.cache,
    durations: new SharedDurations(new SqliteSharedText(database, commits, 'durations')),
    credits: new SharedAccountCredits(new SqliteSharedText(database, commits, 'account-credits'), now),
    documents: new MemoryRegisteredDocuments(),
    jobTokenSecrets: new SqliteSharedText(database, commits, 'job-token-secrets'),
    videoUrlSecret: new SqliteSharedText(database, commits, 'video-url-secret'),
    archivePlace: new SqliteSharedText(database, commits, 'archive-place'),
    submissions: new SqliteSubmissions(database, commits, now),
    fileTasks: new SqliteFileTasks(database, commits),
    backlog: new CachedBacklog(new SqliteBacklog({ database, quarantine, now }), now),
    operatorActions: new SqliteOperatorActions({
      database,
      commits,
      quarantine,
      publishWork: (job) => store.publishWork(job),
    }),
    instances: new MemoryInstances(),
    deliveries: new SqliteDeliveries(database, commits, quarantine),
    budget: new SharedCallBudget(state, segmindRpm, now, events),
    ownerRate: memoryOwnerRate(rpm),
    uploadRate: memoryOwnerRate(rpm),
  };
}
