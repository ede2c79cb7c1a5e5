import { Store } from '../../ui/store.ts';
import type { DraftStorage } from './draft-storage.ts';
import {
  type Draft,
  type DraftImage,
  type DraftSettings,
  defaultSettings,
  isBlank,
  randomSeed,
  type Submission,
} from './draft.ts';
import { readStoredDraft } from './stored-draft.ts';

export interface DraftsState {
  /** Oldest first; never empty. */
  readonly drafts: readonly Draft[];
  readonly currentId: string;
}

/** What the drafts need of the page. */
export interface DraftsOptions {
  readonly storage: DraftStorage;
  /** Keeps the id of the current draft of this tab. */
  readonly selection: { read(): string | null; write(id: string): void };
  readonly newId: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
}

/** With files of at most 10 MiB, the drafts take at most 200 MiB of the browser's storage. */
export const MAX_DRAFTS = 20;

/** The drafts of this browser, of which the form shows one. All changes are stored at once. */
export class Drafts {
  readonly state: Store<DraftsState>;
  readonly #options: DraftsOptions;

  private constructor(options: DraftsOptions, drafts: readonly Draft[]) {
    const { newId, now, random, selection } = options;
    const settings = defaultSettings(randomSeed(random));
    const blank = { id: newId(), createdAt: now(), image: null, settings, submission: null, isSent: false };
    const all = drafts.length > 0 ? drafts : [blank];
    const selected = selection.read();
    const current = all.find(({ id }) => id === selected) ?? all.at(-1) ?? blank;
    this.#options = options;
    this.state = new Store({ drafts: all, currentId: current.id });
  }

  /** Reads the stored drafts, the newest MAX_DRAFTS of them. */
  static async open(options: DraftsOptions): Promise<Drafts> {
    const { storage, random } = options;
    const stored = await storage.load();
    const drafts = stored
      .map(({ value, file }) => readStoredDraft(value, file, defaultSettings(randomSeed(random))))
      .filter((draft) => draft !== null)
      .toSorted((one, other) => one.createdAt - other.createdAt);
    for (const { id } of drafts.slice(0, -MAX_DRAFTS)) storage.delete(id);
    return new Drafts(options, drafts.slice(-MAX_DRAFTS));
  }

  /** Calls the listener, as long as the page lives, when another tab changed the submission of a draft. */
  onSubmission(listener: (id: string, submission: Submission) => void): void {
    this.#options.storage.onSubmission(listener);
  }

  get current(): Draft {
    const { drafts, currentId } = this.state.get();
    const current = drafts.find(({ id }) => id === currentId);
    if (current === undefined) throw new Error(`There is no draft ${currentId}.`);
    return current;
  }

  find(id: string): Draft | null {
    return this.state.get().drafts.find((draft) => draft.id === id) ?? null;
  }

  /** Changes a draft. Without effect when it was removed. */
  change(id: string, change: Partial<Omit<Draft, 'id' | 'createdAt'>>): void {
    const before = this.find(id);
    if (before === null) return;
    const draft = { ...before, ...change };
    this.#replace(this.state.get().drafts.map((other) => (other.id === id ? draft : other)));
    this.#options.storage.save(draft, fileOf(draft) !== fileOf(before));
  }

  /** Changes settings as the user wants: the draft is another request then. */
  changeSettings(id: string, change: Partial<DraftSettings>): void {
    const draft = this.find(id);
    if (draft !== null) this.change(id, { settings: { ...draft.settings, ...change }, isSent: false });
  }

  /** Changes the image as the user wants. */
  changeImage(id: string, image: DraftImage | null): void {
    this.change(id, { image, isSent: false });
  }

  /**
   * Adds a draft. A blank current draft is used instead.
   *
   * @param settings the others are those of the current draft
   * @returns null when there are MAX_DRAFTS already
   */
  add(image: DraftImage | null, settings: Partial<DraftSettings> = {}): Draft | null {
    const { drafts } = this.state.get();
    const { current } = this;
    if (isBlank(current)) {
      this.change(current.id, { image, settings: { ...current.settings, ...settings }, isSent: false });
      return this.current;
    }
    if (drafts.length >= MAX_DRAFTS) return null;
    const seed = current.settings.isSeedPinned ? {} : { seed: randomSeed(this.#options.random) };
    const draft: Draft = {
      id: this.#options.newId(),
      // Later than all others, also when several are added in one millisecond.
      createdAt: Math.max(this.#options.now(), ...drafts.map(({ createdAt }) => createdAt + 1)),
      image,
      settings: { ...current.settings, ...seed, ...settings },
      submission: null,
      isSent: false,
    };
    this.#replace([...drafts, draft]);
    this.#options.storage.save(draft, true);
    return draft;
  }

  select(id: string): void {
    if (this.find(id) === null) return;
    this.state.set({ ...this.state.get(), currentId: id });
    this.#options.selection.write(id);
  }

  /** Removes a draft. Its neighbour becomes current; the only draft loses its image instead. */
  remove(id: string): void {
    const { drafts, currentId } = this.state.get();
    const index = drafts.findIndex((draft) => draft.id === id);
    if (index === -1) return;
    const neighbour = drafts[index + 1] ?? drafts[index - 1];
    if (neighbour === undefined) {
      this.change(id, { image: null, isSent: false });
      return;
    }
    if (currentId === id) this.select(neighbour.id);
    this.#replace(drafts.filter((other) => other.id !== id));
    this.#options.storage.delete(id);
  }

  /**
   * Changes the submission of a draft, first in the storage that all tabs share. Resolves when it is stored.
   *
   * @param update gets the stored one; null: none
   */
  async updateSubmission(id: string, update: (stored: Submission | null) => Submission): Promise<Submission> {
    const known = this.find(id)?.submission ?? null;
    const submission = await this.#options.storage.updateSubmission(id, known, update);
    this.change(id, { submission });
    return submission;
  }

  /** Gives an accepted draft the seed of its next request, unless its seed is pinned. */
  renew(id: string): void {
    const { settings, submission } = this.find(id) ?? {};
    const seed = submission?.accepted?.nextSeed;
    if (seed === undefined || settings === undefined || settings.isSeedPinned) return;
    this.change(id, { settings: { ...settings, seed } });
  }

  /** A seed for a request after an accepted one. */
  nextSeed(): string {
    return randomSeed(this.#options.random);
  }

  /** Forgets everything, also in the browser's storage. */
  async clear(): Promise<void> {
    const settings = defaultSettings(randomSeed(this.#options.random));
    const { current } = this;
    this.#replace([{ ...current, image: null, settings, submission: null, isSent: false }]);
    await this.#options.storage.clear();
  }

  #replace(drafts: readonly Draft[]): void {
    this.state.set({ ...this.state.get(), drafts });
  }
}

function fileOf({ image }: Draft): File | null {
  return image?.type === 'file' ? image.file : null;
}
