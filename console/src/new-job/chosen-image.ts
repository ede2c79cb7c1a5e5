/** The image of the form: a local file, or a URL that the upstream can fetch. */
export type ChosenImage =
  | {
      readonly type: 'file';
      readonly file: File;
      /** For the preview; to be revoked. */ readonly previewUrl: string;
    }
  | { readonly type: 'url'; readonly url: string };

/** What the gateway takes (see `uploadImage`). */
export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/webp'];
const MAX_BYTES = 10 * 1024 * 1024;

/** Why the gateway would not take a file; null when it may. */
export function faultOfFile(file: File): string | null {
  if (!IMAGE_TYPES.includes(file.type)) return 'It must be a PNG, JPEG or WebP image.';
  if (file.size > MAX_BYTES) return 'It must not be larger than 10 MiB.';
  return file.size === 0 ? 'The file is empty.' : null;
}
