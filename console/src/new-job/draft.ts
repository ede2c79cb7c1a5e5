import { PARAMETERS } from './parameters.ts';
import type { FormInput } from './read-form.ts';

/** The image of the form: a local file or a URL that the upstream can fetch. */
export type ChosenImage =
  | {
      readonly type: 'file';
      readonly file: File;
      /** An object URL for the preview; must be revoked. */ readonly previewUrl: string;
    }
  | { readonly type: 'url'; readonly url: string };

/** The formats that `uploadImage` supports. */
export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/webp'];
const MAX_BYTES = 10 * 1024 * 1024;

/** Why the gateway would refuse a file; null when it would not. */
export function fileError(file: File): string | null {
  if (!IMAGE_TYPES.includes(file.type)) return 'It must be a PNG, JPEG or WebP image.';
  if (file.size > MAX_BYTES) return 'It must not be larger than 10 MiB.';
  return file.size === 0 ? 'The file is empty.' : null;
}

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
