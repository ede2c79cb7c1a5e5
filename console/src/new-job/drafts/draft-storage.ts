import type { Draft, Submission } from './draft.ts';
import { readSubmission } from './stored-draft.ts';

/** A draft as it was stored: `value` without its file, which is stored beside it. */
export interface StoredDraft {
  readonly value: unknown;
  readonly file: unknown;
}

/** Keeps drafts over reloads. Calls take effect in their order. None of them throws: a draft that cannot be stored is lost at a reload. */
export interface DraftStorage {
  load(): Promise<readonly StoredDraft[]>;
  /**
   * Keeps the submission of a stored draft, because another tab may have changed it.
   *
   * @param withFile whether the file changed too; files are large, so they are written only then
   */
  save(draft: Draft, withFile: boolean): void;
  /**
   * Changes the submission of a draft in one transaction, so that no other tab changes it in between. Resolves when it is stored, or
   * cannot be.
   *
   * @param known used when none is stored
   * @returns what `update` returned
   */
  updateSubmission(id: string, known: Submission | null, update: UpdateSubmission): Promise<Submission>;
  /** Calls the listener, as long as the page lives, when another tab changed the submission of a draft. */
  onSubmission(listener: (id: string, submission: Submission) => void): void;
  delete(id: string): void;
  /** Deletes all drafts. Resolves when that is done, so that the page can be left. */
  clear(): Promise<void>;
}

type UpdateSubmission = (stored: Submission | null) => Submission;

const NAME = 'reelgate-console';
const DRAFTS = 'drafts';
const FILES = 'files';
/** The page is shown after this time without its drafts. */
const OPEN_DEADLINE_MS = 2000;
/** A transaction that takes longer is given up. */
const TRANSACTION_DEADLINE_MS = 10_000;

/** The browser's database; a storage that keeps nothing where there is none, as in some private windows. */
export async function openDraftStorage(): Promise<DraftStorage> {
  const database = await openDatabase().catch(() => null);
  return database === null ? NO_STORAGE : storageIn(database);
}

const NO_STORAGE: DraftStorage = {
  load: async () => [],
  save: () => {},
  updateSubmission: async (_id, known, update) => update(known),
  onSubmission: () => {},
  delete: () => {},
  clear: async () => {},
};

async function openDatabase(): Promise<IDBDatabase> {
  // It throws where the user forbids the page to store anything.
  const request = indexedDB.open(NAME, 1);
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>();
  let isLate = false;
  const giveUp = (): void => {
    isLate = true;
    reject(new Error('The database does not open.'));
  };
  const timer = setTimeout(giveUp, OPEN_DEADLINE_MS);
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(DRAFTS, { keyPath: 'id' });
    request.result.createObjectStore(FILES);
  });
  request.addEventListener('success', () => {
    const { result } = request;
    // Otherwise this tab would block a newer version of the page, in another tab, that changes the database.
    result.addEventListener('versionchange', () => result.close());
    if (isLate) result.close();
    resolve(result);
  });
  request.addEventListener('error', () => reject(request.error ?? new Error('The database is broken.')));
  return promise.finally(() => clearTimeout(timer));
}

/** What a tab tells the others. It may be another version of the page. */
interface Message {
  readonly id: unknown;
  readonly submission: unknown;
}

function storageIn(database: IDBDatabase): DraftStorage {
  const channel = new BroadcastChannel(NAME);
  /** Resolves when the files of all calls until now are read: transactions begin in the order of the calls. */
  let filesRead: Promise<unknown> = Promise.resolve();
  const write = async <T>(run: Run<T>, file: File | null = null): Promise<T | null> => {
    const reading = file === null ? null : contentOf(file);
    const read = filesRead.then(() => reading);
    filesRead = read;
    const content = await read;
    return transact(database, 'readwrite', (drafts, files) => run(drafts, files, content));
  };
  return {
    load: async () => {
      const stored = await transact(database, 'readonly', (drafts, files) =>
        Promise.all([resultOf(drafts.getAll()), resultOf(files.getAllKeys()), resultOf(files.getAll())]),
      );
      const [values, ids, contents] = stored ?? [[], [], []];
      const byId = new Map(ids.map((id, index) => [id, fileOf(contents[index])]));
      return values.map((value: { readonly id: string }) => ({ value, file: byId.get(value.id) }));
    },
    save: (draft, withFile) => {
      const { id, image } = draft;
      const file = image?.type === 'file' ? image.file : null;
      void write(
        async (drafts, files, content) => {
          const stored = await readStored(drafts, id);
          // Not stored: another tab has removed it, or the storage was full.
          const { submission } = stored.draft === null ? draft : stored;
          drafts.put({ ...draft, image: file === null ? image : { ...image, file: null }, submission });
          if (withFile && content !== null) files.put(content, id);
          else if (withFile) files.delete(id);
        },
        withFile ? file : null,
      );
    },
    updateSubmission: async (id, known, update) => {
      let updated: Submission | null = null;
      await write(async (drafts) => {
        const stored = await readStored(drafts, id);
        updated = update(stored.submission ?? known);
        // Another tab may have removed the draft.
        if (stored.draft !== null) drafts.put({ ...stored.draft, submission: updated });
      });
      const submission = updated ?? update(known);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no such argument
      channel.postMessage({ id, submission });
      return submission;
    },
    onSubmission: (listener) =>
      channel.addEventListener('message', ({ data: { id, submission } }: MessageEvent<Message>) => {
        const read = readSubmission(submission);
        if (typeof id === 'string' && read !== null) listener(id, read);
      }),
    delete: (id) =>
      void write(async (drafts, files) => {
        drafts.delete(id);
        files.delete(id);
      }),
    clear: async () => {
      await write(async (drafts, files) => {
        drafts.clear();
        files.clear();
      });
    },
  };
}

/** @param content of the file that the transaction stores */
type Run<T> = (drafts: IDBObjectStore, files: IDBObjectStore, content: FileContent | null) => Promise<T>;

/**
 * Runs in a transaction of its own, and resolves at its end. An error, such as a full disk, ends the transaction and nothing else.
 *
 * @returns null when it could not run, for example because the user deleted the site's data, or took longer than TRANSACTION_DEADLINE_MS
 */
async function transact<T>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  run: (drafts: IDBObjectStore, files: IDBObjectStore) => Promise<T>,
): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const transaction = database.transaction([DRAFTS, FILES], mode);
    const ended = Promise.withResolvers<void>();
    transaction.addEventListener('complete', () => ended.resolve());
    transaction.addEventListener('abort', () => ended.resolve());
    timer = setTimeout(() => {
      // First, because a transaction may never report its end, as in WebKit when a file in it cannot be stored.
      late.resolve(null);
      abort(transaction);
    }, TRANSACTION_DEADLINE_MS);
    const result = run(transaction.objectStore(DRAFTS), transaction.objectStore(FILES));
    return await Promise.race([Promise.all([result, ended.promise]).then(([value]) => value), late.promise]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It is being committed.
  }
}

/** A file as it is stored. Files themselves cannot be stored in a private window of Safari. */
interface FileContent {
  readonly name: string;
  readonly type: string;
  readonly lastModified: number;
  readonly bytes: ArrayBuffer;
}

/** Never rejects. Null: the file cannot be read, for example because it was changed on the disk. */
async function contentOf(file: File): Promise<FileContent | null> {
  const { name, type, lastModified } = file;
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes === null ? null : { name, type, lastModified, bytes };
}

/** Null: it is no stored file. */
function fileOf(stored: unknown): File | null {
  // Stored by an earlier version of the page.
  if (stored instanceof File) return stored;
  if (typeof stored !== 'object' || stored === null || !('bytes' in stored)) return null;
  const { name, type, lastModified, bytes }: Partial<Record<keyof FileContent, unknown>> = stored;
  if (typeof name !== 'string' || typeof type !== 'string' || typeof lastModified !== 'number') return null;
  return bytes instanceof ArrayBuffer ? new File([bytes], name, { type, lastModified }) : null;
}

/** Reads a stored draft, in a transaction. Null: it is not stored. */
async function readStored(drafts: IDBObjectStore, id: string) {
  const stored: unknown = await resultOf(drafts.get(id));
  const draft = typeof stored === 'object' ? stored : null;
  const submission = draft !== null && 'submission' in draft ? readSubmission(draft.submission) : null;
  return { draft, submission };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.addEventListener('success', () => resolve(request.result));
  request.addEventListener('error', () => reject(request.error ?? new Error('The request failed.')));
  return promise;
}
