import type { DraftStorage, StoredDraft } from '../../../console/src/new-job/drafts/draft-storage.ts';

/** Keeps drafts in memory as the browser's database does: clones, with the file beside the draft. */
export class MemoryStorage implements DraftStorage {
  readonly stored = new Map<string, StoredDraft>();
  /** The ids whose file was written. */
  readonly fileWrites: string[] = [];

  readonly load: DraftStorage['load'] = async () => [...this.stored.values()];

  readonly save: DraftStorage['save'] = (draft, withFile) => {
    const { image } = draft;
    const value = structuredClone(
      image?.type === 'file' ? { ...draft, image: { ...image, file: null } } : draft,
    );
    const file = withFile
      ? image?.type === 'file'
        ? image.file
        : undefined
      : this.stored.get(draft.id)?.file;
    if (withFile) this.fileWrites.push(draft.id);
    this.stored.set(draft.id, { value, file });
  };

  readonly delete: DraftStorage['delete'] = (id) => {
    this.stored.delete(id);
  };

  readonly clear: DraftStorage['clear'] = async () => this.stored.clear();
}
