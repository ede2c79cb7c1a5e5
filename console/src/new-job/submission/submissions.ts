import { type GenerateInput, type Reelgate, ReelgateError, type VideoJob } from '@reelgate/client';
import { Store } from '../../ui/store.ts';
import { issuesOf } from '../drafts/check-draft.ts';
import type { Draft, DraftImage } from '../drafts/draft.ts';
import type { Drafts } from '../drafts/drafts.ts';
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
/** Later an image is uploaded again: how long the upstream keeps it is not documented. */
const UPLOAD_LIFETIME_MS = 3_600_000;
/** Error codes of uploads that concern the image itself. */
const IMAGE_ERRORS: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'REQUEST_ENTITY_TOO_LARGE']);

/**
 * Sends drafts. A request keeps its idempotency key, also over a reload, until it is accepted and for REPEAT_WINDOW_MS after that; so
 * repeated clicks, retries and a lost answer cause no second job. Then the draft gets a new seed, unless it is pinned.
 */
export class Submissions {
  /** By the id of the draft. */
  readonly states = new Store<ReadonlyMap<string, SendState>>(new Map());
  readonly #options: SubmissionsOptions;
  readonly #sending = new Map<string, AbortController>();
  #isSendingAll = false;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    // Accepted before the page was loaded: that is no double click.
    for (const { id, submission } of options.drafts.state.get().drafts) {
      if (submission?.accepted != null) options.drafts.renew(id);
    }
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
      return this.#show(id, sending.signal.aborted ? this.#canceled(id) : failed(error));
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

  /** Shows why a draft cannot be used. */
  refuse(id: string, message: string, issues: ReadonlyMap<string, string>): void {
    this.#show(id, { type: 'invalid', message, issues });
  }

  async #send(draft: Draft, isChecked: boolean, signal: AbortSignal): Promise<SendState> {
    const { id, image } = draft;
    const issues = issuesOf(draft);
    if (image === null || issues.size > 0) return { type: 'invalid', message: INVALID, issues };
    let url: string;
    if (image.type === 'file') {
      const uploaded = await this.#uploadOnce(id, image, signal);
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
    id: string,
    image: Extract<Draft['image'], { type: 'file' }>,
    signal: AbortSignal,
  ): Promise<string | SendState> {
    const { client, drafts, now } = this.#options;
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
      return { type: 'invalid', message: INVALID, issues: new Map([['image', error.message]]) };
    }
  }

  async #submit(draft: Draft, image: string, signal: AbortSignal): Promise<SendState> {
    const { client, drafts, newKey, now, onAccepted } = this.#options;
    const { id } = draft;
    const inputs = inputsOf(draft, image);
    const request = JSON.stringify(inputs);
    const known = drafts.find(id)?.submission ?? null;
    const isRepeated = known?.request === request && known.accepted !== null;
    const submission =
      known?.request === request ? known : { request, idempotencyKey: newKey(), accepted: null };
    drafts.change(id, { submission });
    const results = await Promise.allSettled(
      inputs.map((input, index) =>
        client.submit({ ...input, idempotencyKey: `${submission.idempotencyKey}-${index}` }, { signal }),
      ),
    );
    const jobs = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (jobs.length > 0) onAccepted(jobs, draft);
    const refusal = results.find((result) => result.status === 'rejected');
    if (refusal === undefined) {
      const ids = jobs.map((job) => job.id);
      const present = drafts.find(id);
      drafts.change(id, {
        submission: { ...submission, accepted: { ids, at: now() } },
        // It may have been changed while it was sent.
        isSent: present?.settings === draft.settings && isSameImage(present.image, draft.image),
      });
      if (!isRepeated) this.#renewLater(id, submission.idempotencyKey);
      return { type: 'accepted', ids, isRepeated };
    }
    if (jobs.length === 0 || signal.aborted) throw refusal.reason;
    const state = failed(refusal.reason);
    const message = `${jobs.length} of ${inputs.length} videos were sent. ${'message' in state ? state.message : ''}`;
    return { type: 'refused', message };
  }

  /** Begins a new request after the time for double clicks. */
  #renewLater(id: string, key: string): void {
    const { drafts } = this.#options;
    this.#options.setTimeout(() => {
      if (drafts.find(id)?.submission?.idempotencyKey === key) drafts.renew(id);
    }, REPEAT_WINDOW_MS);
  }

  #canceled(id: string): SendState {
    const wasSent = this.states.get().get(id)?.type === 'sending';
    return { type: 'canceled', message: wasSent ? CANCELED_LATE : 'Canceled. Nothing was sent.' };
  }

  #show<State extends SendState>(id: string, state: State): State {
    this.states.set(new Map(this.states.get()).set(id, state));
    return state;
  }
}

const INVALID = 'Correct the marked fields.';
const CANCELED_LATE =
  'Canceled. If the gateway has received the request already, the video appears in the list; the same request makes no second one.';

function isSameImage(one: DraftImage | null, other: DraftImage | null): boolean {
  if (one?.type === 'file') return other?.type === 'file' && one.file === other.file;
  return one?.type === other?.type && (other?.type !== 'url' || one?.url === other.url);
}

/** The inputs of a draft's videos, each with a seed of its own. */
function inputsOf({ settings }: Draft, image: string): readonly GenerateInput[] {
  const { prompt, negativePrompt, resolution, videoLength, steps, seed, variations } = settings;
  const input = {
    image,
    prompt: prompt.trim(),
    negativePrompt: negativePrompt.trim(),
    resolution,
    videoLength,
    steps,
  };
  return Array.from({ length: variations }, (_, index) => ({ ...input, seed: Number(seed) + index }));
}

function failed(error: unknown): SendState {
  if (!(error instanceof ReelgateError)) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'refused', message: `The page failed before the video was sent: ${reason}` };
  }
  const { issues, message, retryAfterSeconds } = error;
  if (issues.length > 0) {
    const byField = new Map(issues.map(({ path, message: issue }) => [path[0] ?? '', `It ${issue}.`]));
    return { type: 'invalid', message: INVALID, issues: byField };
  }
  return {
    type: 'refused',
    message: retryAfterSeconds === null ? message : `${message} (In ${retryAfterSeconds} s.)`,
  };
}
