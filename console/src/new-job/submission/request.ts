import type { GenerateInput } from '@reelgate/client';
import type { Draft, Submission } from '../drafts/draft.ts';

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
  created: Submission,
  endedKey: string | null,
): Submission {
  const same = earlier.find(
    (other) => other?.request === created.request && other.idempotencyKey !== endedKey,
  );
  if (same == null) return created;
  const isImageOld = created.createdAt - same.createdAt >= UPLOAD_LIFETIME_MS;
  return isImageOld && same.isRefused && same.image !== created.image ? created : same;
}
