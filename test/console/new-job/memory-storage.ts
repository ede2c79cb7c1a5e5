import type { DraftStorage, StoredDraft } from '../../../console/src/new-job/drafts/draft-storage.ts';
import type { Submission } from '../../../console/src/new-job/drafts/draft.ts';
import { readSubmission } from '../../../console/src/new-job/drafts/stored-draft.ts';

/** Keeps drafts in memory as the browser's database does: clones, with the file beside the draft. */
export class MemoryStorage implements DraftStorage {
  readonly stored = new Map<string, StoredDraft>();
  /** The ids whose file was written. */
  readonly fileWrites: string[] = [];
  /** False: the tabs do not learn of changes, as while a browser has frozen them. */
  tellsTabs = true;
  readonly #listeners: ((id: string, submission: Submission) => void)[] = [];

  readonly load: DraftStorage['load'] = async () => [...this.stored.values()];

  readonly save: DraftStorage['save'] = (draft, withFile) => {
    const { id, image } = draft;
    const value = structuredClone({
      ...draft,
      image: image?.type === 'file' ? { ...image, file: null } : image,
      submission: this.stored.has(id) ? this.submissionOf(id) : draft.submission,
    });
    const chosen = image?.type === 'file' ? image.file : undefined;
    if (withFile) this.fileWrites.push(id);
    this.stored.set(id, { value, file: withFile ? chosen : this.stored.get(id)?.file });
  };

  readonly updateSubmission: DraftStorage['updateSubmission'] = async (id, known, update) => {
    // As late as in a browser, where a transaction takes time.
    await Promise.resolve();
    const submission = update(this.submissionOf(id) ?? known);
    const { value, file } = this.stored.get(id) ?? {};
    if (value !== undefined) this.stored.set(id, { value: { ...Object(value), submission }, file });
    if (this.tellsTabs) for (const listener of this.#listeners) listener(id, submission);
    return submission;
  };

  /** Also called for changes of the own tab. */
  readonly onSubmission: DraftStorage['onSubmission'] = (listener) => {
    this.#listeners.push(listener);
  };

  submissionOf(id: string): Submission | null {
    return readSubmission(Object(this.stored.get(id)?.value).submission);
  }

  readonly delete: DraftStorage['delete'] = (id) => {
    this.stored.delete(id);
  };

  readonly clear: DraftStorage['clear'] = async () => this.stored.clear();
}
