/** Why a file cannot be used, as a sentence for the user. */
export class ImageFileError extends Error {
  override readonly name = 'ImageFileError';
}
