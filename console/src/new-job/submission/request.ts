import type { GenerateInput } from '@reelgate/client';
import type { Draft, SentRequest, Submission } from '../drafts/draft.ts';

/** Later an image is uploaded again, unless it may have been accepted with a request: how long the upstream keeps it is not documented. */
export const UPLOAD_LIFETIME_MS = 3_600_000;

/**
 * What a draft requests, as JSON: equal texts are the same request, in all tabs. Not part of it: where its file was uploaded to, because
 * each tab uploads the file itself, and the number of variations, because another number needs no other jobs for the same seeds.
 */
export function requestOf(draft: Draft): string {
  const { image } = draft;
  const source = image?.type === 'file' ? fileKey(image.file) : (image?.url.trim() ?? null);
  return JSON.stringify([source, inputOf(draft)]);
}

/** Files that are equal in all of this have the same content: two tabs read the file of a draft from the same storage. */
function fileKey({ name, type, size, lastModified }: File) {
  return { name, type, size, lastModified };
}

function inputOf({ settings }: Draft) {
  const { prompt, negativePrompt, resolution, videoLength, steps, seed } = settings;
  return {
    prompt: prompt.trim(),
    negativePrompt: negativePrompt.trim(),
    resolution,
    videoLength,
    steps,
    seed: Number(seed),
  };
}

/** The inputs of a draft's videos, each with a seed and a key of its own. */
export function inputsOf(
  draft: Draft,
  { image, idempotencyKey }: Submission,
): readonly (GenerateInput & { readonly idempotencyKey: string })[] {
  const input = { ...inputOf(draft), image };
  return Array.from({ length: draft.settings.variations }, (_, index) => ({
    ...input,
    seed: input.seed + index,
    idempotencyKey: `${idempotencyKey}-${index}`,
  }));
}

/** The jobs of a draft when all are accepted; null otherwise. */
export function acceptedIds({ settings }: Draft, { accepted }: Submission): readonly string[] | null {
  if (accepted === null || accepted.ids.length < settings.variations) return null;
  return accepted.ids.slice(0, settings.variations);
}

/**
 * The submission with which a request is sent: an earlier one, perhaps of another tab, when that is the same request.
 *
 * @param earlier the stored one, and the one that this tab knows
 * @param created a new one, for the draft as this tab has it
 * @param endedKey the key of an accepted request that this tab has shown to the user: sending it once more is a new request
 */
export function submissionFor(
  earlier: readonly (Submission | null)[],
  created: SentRequest,
  endedKey: string | null,
): Submission {
  const same = requestsOf(earlier).find(
    ({ request, idempotencyKey }) => request === created.request && idempotencyKey !== endedKey,
  );
  const isExpired =
    same !== undefined &&
    created.createdAt - same.createdAt >= UPLOAD_LIFETIME_MS &&
    same.isRefused &&
    same.image !== created.image;
  const sent = same === undefined || isExpired ? created : same;
  return submissionOf({ ...sent, isRefused: false }, earlier);
}

/** How many requests without an answer a draft has at most: their prompts and keys are stored with it. */
const MAX_UNANSWERED = 20;

/**
 * The submission of a request.
 *
 * @param earlier other submissions of the draft; of two states of a request the first counts
 */
export function submissionOf(last: SentRequest, earlier: readonly (Submission | null)[]): Submission {
  const byKey = new Map([[last.idempotencyKey, last]]);
  for (const request of requestsOf(earlier)) {
    if (!byKey.has(request.idempotencyKey)) byKey.set(request.idempotencyKey, request);
  }
  const [, ...others] = byKey.values();
  const unanswered = others.filter(({ accepted, isRefused }) => accepted === null && !isRefused);
  return { ...last, unanswered: unanswered.slice(0, MAX_UNANSWERED) };
}

function requestsOf(submissions: readonly (Submission | null)[]): readonly SentRequest[] {
  return submissions.flatMap((submission) => {
    if (submission === null) return [];
    const { unanswered, ...last } = submission;
    return [last, ...unanswered];
  });
}
