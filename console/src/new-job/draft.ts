import type { ChosenImage } from './chosen-image.ts';
import { PARAMETERS } from './parameters.ts';
import type { FormInput } from './read-form.ts';

/** What the form holds: it outlives the form, for those who look at a video meanwhile. */
export interface Draft {
  image: ChosenImage | null;
  input: FormInput;
}

const { negativePrompt, resolution, videoLength, steps, seed, base64 } = PARAMETERS;

/** The page's one draft. It begins with the schema's defaults. */
export const draft: Draft = {
  image: null,
  input: {
    prompt: '',
    negativePrompt: negativePrompt.defaultValue,
    resolution: resolution.defaultValue,
    videoLength: videoLength.defaultValue,
    steps: steps.defaultValue,
    seed: seed.defaultValue,
    base64: base64.defaultValue,
  },
};

/** Chooses an image, or none; the preview of the one before is let go. */
export function chooseImage(image: ChosenImage | null): void {
  if (draft.image?.type === 'file') URL.revokeObjectURL(draft.image.previewUrl);
  draft.image = image;
}
