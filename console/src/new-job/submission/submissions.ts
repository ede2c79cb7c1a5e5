import { type Reelgate, ReelgateError, type VideoJob } from '@reelgate/client';
import { Store } from '../../ui/store.ts';
import { issuesOf } from '../drafts/check-draft.ts';
import type { Draft, DraftImage, Submission } from '../drafts/draft.ts';
import type { Drafts } from '../drafts/drafts.ts';
import {
  acceptedIds,
  inputsOf,
  requestOf,
  submissionFor,
  submissionOf,
  UPLOAD_LIFETIME_MS,
} from './request.ts';
import { failed, invalid, isRefusal, NOT_TWICE } from './send-errors.ts';
import { isSending, type SendState } from './send-state.ts';

/** What submissions need of the page. */
export interface SubmissionsOptions {
  readonly client: Pick<Reelgate, 'submit' | 'upload'>;
  readonly drafts: Drafts;
  /** Called with all jobs of an accepted request, newly made or not. */
  readonly onAccepted: (jobs: readonly VideoJob[], draft: Draft) => void;
  readonly imageLoads: (url: string, signal: AbortSignal) => Promise<boolean>;
  readonly newKey: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly setTimeout: (run: () => void, ms: number) => void;
}

/** The same request within this time after its acceptance is a double click, not a new request. */
const REPEAT_WINDOW_MS = 2000;
/** Error codes of uploads that concern the image itself. */
const IMAGE_ERRORS: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'REQUEST_ENTITY_TOO_LARGE']);

/**
 * Sends drafts. A request keeps its idempotency key, also over a reload and in other tabs, until it is accepted and for REPEAT_WINDOW_MS
 * after that; so repeated clicks, retries, a lost answer and a second tab cause no second job. Then the draft gets a new seed, unless it
 * is pinned.
 */
export class Submissions {
  /** By the id of the draft. */
  readonly states = new Store<ReadonlyMap<string, SendState>>(new Map());
  readonly #options: SubmissionsOptions;
  readonly #sending = new Map<string, AbortController>();
  /** The keys of requests that were accepted less than REPEAT_WINDOW_MS ago. */
  readonly #recent = new Set<string>();
  #isSendingAll = false;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    // Accepted before the page was loaded: that is no double click.
    for (const draft of options.drafts.state.get().drafts) {
      if (draft.submission?.request === requestOf(draft)) options.drafts.renew(draft.id);
    }
    options.drafts.onSubmission((id, submission) => this.#takeOver(id, submission));
  }

  /**
   * Sends a draft. Without effect while it is being sent. Never rejects.
   *
   * @param isChecked whether the user wants to send an image URL that does not load
   */
  async send(id: string, isChecked = false): Promise<SendState | null> {
    const draft = this.#options.drafts.find(id);
    if (draft === null || this.#sending.has(id)) return null;
    const sending = new AbortController();
    this.#sending.set(id, sending);
    try {
      return this.#show(id, await this.#send(draft, isChecked, sending.signal));
    } catch (error) {
      return this.#show(id, sending.signal.aborted ? this.#canceled(id) : failed(error, draft));
    } finally {
      this.#sending.delete(id);
    }
  }

  /**
   * Sends all drafts that are not sent, one after the other, because the uploads would only slow each other down. Without effect while it
   * runs. A draft that is sent otherwise meanwhile is left out: after its acceptance, the same draft would be another request.
   *
   * @returns the outcomes by the ids of the drafts; null: another call is running
   */
  async sendAll(): Promise<ReadonlyMap<string, SendState> | null> {
    if (this.#isSendingAll) return null;
    this.#isSendingAll = true;
    const { drafts } = this.#options;
    const outcomes = new Map<string, SendState>();
    try {
      const ids = drafts.state.get().drafts.map(({ id }) => id);
      for (const id of ids) {
        const outcome = drafts.find(id)?.isSent === false ? await this.send(id) : null;
        if (outcome !== null) outcomes.set(id, outcome);
      }
    } finally {
      this.#isSendingAll = false;
    }
    return outcomes;
  }

  /** Stops the check, the upload or the request of a draft. */
  cancel(id: string): void {
    this.#sending.get(id)?.abort();
  }

  /** Forgets the outcome of the last request, because the draft is another one now. */
  forget(id: string): void {
    const states = new Map(this.states.get());
    if (!isSending(states.get(id) ?? null) && states.delete(id)) this.states.set(states);
  }

  async #send(draft: Draft, isChecked: boolean, signal: AbortSignal): Promise<SendState> {
    const { id, image } = draft;
    const issues = issuesOf(draft);
    if (image === null || issues.size > 0) return invalid(issues, draft);
    let url: string;
    if (image.type === 'file') {
      const uploaded = await this.#uploadOnce(draft, image, signal);
      if (typeof uploaded !== 'string') return uploaded;
      url = uploaded;
    } else {
      url = image.url.trim();
      this.#show(id, { type: 'checking' });
      if (!isChecked && !(await this.#options.imageLoads(url, signal))) return { type: 'unloadable' };
    }
    this.#show(id, { type: 'sending' });
    return this.#submit(draft, url, signal);
  }

  async #uploadOnce(
    draft: Draft,
    image: Extract<Draft['image'], { type: 'file' }>,
    signal: AbortSignal,
  ): Promise<string | SendState> {
    const { client, drafts, now } = this.#options;
    const { id } = draft;
    const { file, upload } = image;
    if (upload !== null && now() - upload.uploadedAt < UPLOAD_LIFETIME_MS) return upload.url;
    this.#show(id, { type: 'uploading', share: 0 });
    try {
      const onProgress = (share: number) => this.#show(id, { type: 'uploading', share });
      const { url } = await client.upload(file, { signal, onProgress });
      // The user may have chosen another image meanwhile.
      const present = drafts.find(id)?.image;
      if (present?.type === 'file' && present.file === file)
        drafts.change(id, { image: { ...present, upload: { url, uploadedAt: now() } } });
      return url;
    } catch (error) {
      if (!(error instanceof ReelgateError) || !IMAGE_ERRORS.has(error.code)) throw error;
      return invalid(new Map([['image', `${file.name}: ${error.message}`]]), draft);
    }
  }

  /** @param image its URL */
  async #submit(draft: Draft, image: string, signal: AbortSignal): Promise<SendState> {
    const { client, drafts, onAccepted } = this.#options;
    const { id } = draft;
    const submission = await this.#begin(draft, image);
    signal.throwIfAborted();
    const before = acceptedIds(draft, submission);
    if (before !== null) return this.#accept(draft, submission, before, true);
    const inputs = inputsOf(draft, submission);
    const results = await Promise.allSettled(inputs.map((input) => client.submit(input, { signal })));
    const jobs = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (jobs.length > 0) onAccepted(jobs, draft);
    const refusal = results.find((result) => result.status === 'rejected');
    if (refusal === undefined) {
      const ids = jobs.map((job) => job.id);
      const accepted = await drafts.updateSubmission(id, (stored) => {
        const present = stored?.idempotencyKey === submission.idempotencyKey ? stored : submission;
        // Another tab may have sent the same request meanwhile.
        if (acceptedIds(draft, present) !== null) return present;
        const nextSeed = present.accepted?.nextSeed ?? drafts.nextSeed();
        return submissionOf({ ...present, accepted: { ids, nextSeed } }, [stored]);
      });
      return this.#accept(draft, accepted, ids, false);
    }
    if (results.every((result) => result.status === 'rejected' && isRefusal(result.reason))) {
      await drafts.updateSubmission(id, (stored) => {
        const present = stored ?? submission;
        return present.idempotencyKey === submission.idempotencyKey
          ? { ...present, isRefused: true }
          : present;
      });
    }
    if (jobs.length === 0 || signal.aborted) throw refusal.reason;
    // The form shows the accepted videos, and no field is marked.
    const state = failed(refusal.reason, draft, () => false);
    const message = `${jobs.length} of ${inputs.length} videos were sent. ${'message' in state ? state.message : ''}`;
    return { type: 'refused', message, ids: jobs.map((job) => job.id) };
  }

  /** Stores what is sent, before it is sent: after a reload, or in another tab, it is not sent as a second request. */
  #begin(draft: Draft, image: string): Promise<Submission> {
    const { drafts, newKey, now } = this.#options;
    const created = {
      request: requestOf(draft),
      idempotencyKey: newKey(),
      image,
      createdAt: now(),
      isRefused: false,
      accepted: null,
    };
    const known = drafts.find(draft.id)?.submission ?? null;
    const isEnded = known?.accepted != null && !this.#recent.has(known.idempotencyKey);
    const endedKey = isEnded ? known.idempotencyKey : null;
    return drafts.updateSubmission(draft.id, (stored) => submissionFor([stored, known], created, endedKey));
  }

  #accept(draft: Draft, submission: Submission, ids: readonly string[], isRepeated: boolean): SendState {
    const { drafts } = this.#options;
    const present = drafts.find(draft.id);
    // It may have been changed while it was sent.
    const isSent = present?.settings === draft.settings && isSameImage(present.image, draft.image);
    drafts.change(draft.id, { submission, isSent });
    this.#renewLater(draft.id, submission.idempotencyKey);
    return { type: 'accepted', ids, isRepeated };
  }

  /** Takes over that another tab has sent the same draft. */
  #takeOver(id: string, submission: Submission): void {
    const draft = this.#options.drafts.find(id);
    if (draft === null || this.#sending.has(id) || requestOf(draft) !== submission.request) return;
    const ids = acceptedIds(draft, submission);
    if (ids !== null) this.#show(id, this.#accept(draft, submission, ids, false));
  }

  /** Begins a new request after the time for double clicks. */
  #renewLater(id: string, key: string): void {
    if (this.#recent.has(key)) return;
    const { drafts } = this.#options;
    this.#recent.add(key);
    this.#options.setTimeout(() => {
      this.#recent.delete(key);
      if (drafts.find(id)?.submission?.idempotencyKey === key) drafts.renew(id);
    }, REPEAT_WINDOW_MS);
  }

  #canceled(id: string): SendState {
    const wasSent = this.states.get().get(id)?.type === 'sending';
    return { type: 'canceled', message: wasSent ? `Canceled. ${NOT_TWICE}` : 'Canceled. Nothing was sent.' };
  }

  #show<State extends SendState>(id: string, state: State): State {
    this.states.set(new Map(this.states.get()).set(id, state));
    return state;
  }
}

function isSameImage(one: DraftImage | null, other: DraftImage | null): boolean {
  if (one?.type === 'file') return other?.type === 'file' && one.file === other.file;
  return one?.type === other?.type && (other?.type !== 'url' || one?.url === other.url);
}
