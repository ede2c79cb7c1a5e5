import {
  type Draft,
  type DraftImage,
  type DraftSettings,
  MAX_VARIATIONS,
  RESOLUTIONS,
  type SentRequest,
  type Submission,
} from './draft.ts';

/**
 * Reads a draft from the browser's storage, where an earlier version of the page may have written it. Invalid values become defaults.
 *
 * @param file the draft's file, which is stored beside it
 * @param defaults for the settings
 * @returns null when it is no draft
 */
export function readStoredDraft(value: unknown, file: unknown, defaults: DraftSettings): Draft | null {
  const { id, createdAt, image, settings, submission, isSent } = fieldsOf(value);
  if (typeof id !== 'string' || typeof createdAt !== 'number') return null;
  return {
    id,
    createdAt,
    image: readImage(fieldsOf(image), file),
    settings: readSettings(fieldsOf(settings), defaults),
    submission: readSubmission(submission),
    isSent: isSent === true,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function readImage({ type, url, change, upload }: Fields, file: unknown): DraftImage | null {
  if (type === 'url' && typeof url === 'string') return { type, url };
  if (type !== 'file' || !(file instanceof File)) return null;
  return {
    type,
    file,
    change: typeof change === 'string' ? change : null,
    upload: readUpload(fieldsOf(upload)),
  };
}

function readUpload({ url, uploadedAt }: Fields) {
  return typeof url === 'string' && typeof uploadedAt === 'number' ? { url, uploadedAt } : null;
}

function readSettings(stored: Fields, defaults: DraftSettings): DraftSettings {
  const { prompt, negativePrompt, videoLength, steps, seed, isSeedPinned, variations } = stored;
  return {
    prompt: textOr(prompt, defaults.prompt),
    negativePrompt: textOr(negativePrompt, defaults.negativePrompt),
    resolution: RESOLUTIONS.find((resolution) => resolution === stored['resolution']) ?? defaults.resolution,
    videoLength: integerOr(videoLength, defaults.videoLength),
    steps: integerOr(steps, defaults.steps),
    seed: textOr(seed, defaults.seed),
    isSeedPinned: isSeedPinned === true,
    variations: Math.min(Math.max(integerOr(variations, defaults.variations), 1), MAX_VARIATIONS),
  };
}

/** Reads a submission, as `readStoredDraft` does. @returns null when it is none */
export function readSubmission(value: unknown): Submission | null {
  const last = readRequest(value);
  const { unanswered } = fieldsOf(value);
  if (last === null) return null;
  const others = Array.isArray(unanswered) ? unanswered : [];
  return { ...last, unanswered: others.map(readRequest).filter((request) => request !== null) };
}

function readRequest(value: unknown): SentRequest | null {
  const { request, idempotencyKey, image, createdAt, isRefused, accepted } = fieldsOf(value);
  if (typeof request !== 'string' || typeof idempotencyKey !== 'string') return null;
  if (typeof image !== 'string' || typeof createdAt !== 'number') return null;
  const { ids, nextSeed } = fieldsOf(accepted);
  const isAccepted =
    typeof nextSeed === 'string' && Array.isArray(ids) && ids.every((id: unknown) => typeof id === 'string');
  return {
    request,
    idempotencyKey,
    image,
    createdAt,
    isRefused: isRefused === true,
    accepted: isAccepted ? { ids, nextSeed } : null,
  };
}

/** The fields of an object; of anything else none. */
function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOr(value: unknown, other: string): string {
  return typeof value === 'string' ? value : other;
}

function integerOr(value: unknown, other: number): number {
  return Number.isInteger(value) ? Number(value) : other;
}
