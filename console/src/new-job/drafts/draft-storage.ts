import type { Draft } from './draft.ts';

/** A draft as it was stored: `value` without its file, which is stored beside it. */
export interface StoredDraft {
  readonly value: unknown;
  readonly file: unknown;
}

/** Keeps drafts over reloads. Calls take effect in their order. None of them throws: a draft that cannot be stored is lost at a reload. */
export interface DraftStorage {
  load(): Promise<readonly StoredDraft[]>;
  /** @param withFile whether the file changed too; files are large, so they are written only then */
  save(draft: Draft, withFile: boolean): void;
  delete(id: string): void;
  /** Deletes all drafts. Resolves when that is done, so that the page can be left. */
  clear(): Promise<void>;
}

const NAME = 'reelgate-console';
const DRAFTS = 'drafts';
const FILES = 'files';
/** The page is shown after this time without its drafts. */
const DEADLINE_MS = 2000;

/** The browser's database; a storage that keeps nothing where there is none, as in some private windows. */
export async function openDraftStorage(): Promise<DraftStorage> {
  const database = await openDatabase().catch(() => null);
  return database === null ? NO_STORAGE : storageIn(database);
}

const NO_STORAGE: DraftStorage = {
  load: async () => [],
  save: () => {},
  delete: () => {},
  clear: async () => {},
};

function openDatabase(): Promise<IDBDatabase> {
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>();
  const timer = setTimeout(() => reject(new Error('The database does not open.')), DEADLINE_MS);
  const request = indexedDB.open(NAME, 1);
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(DRAFTS, { keyPath: 'id' });
    request.result.createObjectStore(FILES);
  });
  request.addEventListener('success', () => resolve(request.result));
  request.addEventListener('error', () => reject(request.error ?? new Error('The database is broken.')));
  return promise.finally(() => clearTimeout(timer));
}

function storageIn(database: IDBDatabase): DraftStorage {
  /** Runs in a transaction of its own, and resolves at its end. An error, such as a full disk, ends the transaction and nothing else. */
  const write = async (run: (drafts: IDBObjectStore, files: IDBObjectStore) => void): Promise<void> => {
    try {
      const transaction = database.transaction([DRAFTS, FILES], 'readwrite');
      const { promise, resolve } = Promise.withResolvers<void>();
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => resolve());
      run(transaction.objectStore(DRAFTS), transaction.objectStore(FILES));
      await promise;
    } catch {
      // The browser has closed the database, for example because the user deleted the site's data.
    }
  };
  return {
    load: async () => {
      try {
        const transaction = database.transaction([DRAFTS, FILES]);
        const [values, ids, files] = await Promise.all([
          resultOf(transaction.objectStore(DRAFTS).getAll()),
          resultOf(transaction.objectStore(FILES).getAllKeys()),
          resultOf(transaction.objectStore(FILES).getAll()),
        ]);
        const byId = new Map(ids.map((id, index) => [id, files[index]]));
        return values.map((value: { readonly id: string }) => ({ value, file: byId.get(value.id) }));
      } catch {
        return [];
      }
    },
    save: (draft, withFile) =>
      void write((drafts, files) => {
        const { image } = draft;
        drafts.put(image?.type === 'file' ? { ...draft, image: { ...image, file: null } } : draft);
        if (withFile && image?.type === 'file') files.put(image.file, draft.id);
        else if (withFile) files.delete(draft.id);
      }),
    delete: (id) =>
      void write((drafts, files) => {
        drafts.delete(id);
        files.delete(id);
      }),
    clear: () =>
      write((drafts, files) => {
        drafts.clear();
        files.clear();
      }),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.addEventListener('success', () => resolve(request.result));
  request.addEventListener('error', () => reject(request.error ?? new Error('The request failed.')));
  return promise;
}
