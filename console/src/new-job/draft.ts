import { PARAMETERS } from './parameters.ts';
import type { FormInput } from './read-form.ts';

/** The image of the form: a local file or a URL that the upstream can fetch. */
export type ChosenImage =
  | {
      readonly type: 'file';
      readonly file: File;
      /** How the file was changed to be accepted; null: not at all. */
      readonly change: string | null;
      /** An object URL for the preview; must be revoked. */
      readonly previewUrl: string;
    }
  | { readonly type: 'url'; readonly url: string };

/** The content of the form. It is kept while another page is shown. */
export interface Draft {
  image: ChosenImage | null;
  input: FormInput;
}

const { negativePrompt, resolution, videoLength, steps, seed, base64 } = PARAMETERS;

/** The only draft. Its initial values are the schema's defaults. */
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

/** Sets the image and revokes the preview of the previous one. */
export function chooseImage(image: ChosenImage | null): void {
  if (draft.image?.type === 'file') URL.revokeObjectURL(draft.image.previewUrl);
  draft.image = image;
}
