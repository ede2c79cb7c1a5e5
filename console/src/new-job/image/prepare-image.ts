import { decodeHeic } from './decode-heic.ts';
import { ImageFileError } from './image-file-error.ts';
import { formatOf, HEAD_BYTES, type ImageFormat, orientationOf } from './image-format.ts';

/** An image as `uploadImage` accepts it. */
export interface PreparedImage {
  readonly file: File;
  /** What was changed, such as `converted from HEIC`; null: the file is as it was. */
  readonly change: string | null;
}

/** Larger files are refused before they are decoded: a photo of 100 megapixels is smaller. */
const MAX_SOURCE_BYTES = 100 * 1024 * 1024;
/** The limit of `uploadImage`. */
const MAX_BYTES = 10 * 1024 * 1024;
/** The longest side that is sent. The model's videos have at most 576 pixels, so more would only take longer to send. */
const MAX_SIDE = 2048;
const JPEG_QUALITY = 0.92;

/** The media types that `uploadImage` supports. */
const TYPES: Readonly<Partial<Record<ImageFormat, string>>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
};

/**
 * Makes a file into an image that the gateway accepts. HEIC, AVIF, GIF and whatever else the browser can decode become JPEG; so do
 * images that are too large, and photos that are upright only by their EXIF orientation, which the model may ignore.
 *
 * @throws ImageFileError when the file cannot be used; the reason of `signal`
 */
export async function prepareImage(file: File, signal: AbortSignal): Promise<PreparedImage> {
  if (file.size === 0) throw new ImageFileError('The file is empty.');
  if (file.size > MAX_SOURCE_BYTES) throw new ImageFileError('It must not be larger than 100 MiB.');
  const head = await file
    .slice(0, HEAD_BYTES)
    .arrayBuffer()
    .catch(() => {
      throw new ImageFileError('It can’t be read. Was it moved or changed?');
    });
  signal.throwIfAborted();
  const format = formatOf(new Uint8Array(head));
  const bitmap = await decode(file, format, signal);
  try {
    signal.throwIfAborted();
    const type = format === null ? undefined : TYPES[format];
    const isSmall = Math.max(bitmap.width, bitmap.height) <= MAX_SIDE && file.size <= MAX_BYTES;
    const isUpright = format !== 'jpeg' || orientationOf(new Uint8Array(head)) === 1;
    if (type !== undefined && isSmall && isUpright) return { file: withType(file, type), change: null };
    const jpeg = await toJpeg(bitmap);
    const name = `${file.name.replace(/\.[^.]*$/, '')}.jpg`;
    return {
      file: new File([jpeg], name, { type: 'image/jpeg' }),
      change:
        type === undefined
          ? `converted from ${(format ?? extensionOf(file)).toUpperCase()}`
          : changeOf(bitmap),
    };
  } finally {
    bitmap.close();
  }
}

/** Decodes an image upright. */
async function decode(file: File, format: ImageFormat | null, signal: AbortSignal): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    if (format === 'heic') return decodeHeic(file, signal);
    throw new ImageFileError('It can’t be read as an image. Use a JPEG, PNG, WebP, HEIC, AVIF or GIF.');
  }
}

async function toJpeg(bitmap: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (context === null) throw new ImageFileError('The browser has no memory left to convert it.');
  context.imageSmoothingQuality = 'high';
  // JPEG has no transparency: without a ground, transparent pixels would be black.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const { promise, resolve } = Promise.withResolvers<Blob | null>();
  canvas.toBlob(resolve, 'image/jpeg', JPEG_QUALITY);
  const jpeg = await promise;
  if (jpeg === null) throw new ImageFileError('The browser has no memory left to convert it.');
  return jpeg;
}

function changeOf({ width, height }: ImageBitmap): string {
  return Math.max(width, height) > MAX_SIDE ? `shrunk from ${width} × ${height} pixels` : 'turned upright';
}

/** The file with the media type of its content. */
function withType(file: File, type: string): File {
  return file.type === type ? file : new File([file], file.name, { type });
}

function extensionOf({ name }: File): string {
  return /\.([^.]+)$/.exec(name)?.[1] ?? 'another format';
}
