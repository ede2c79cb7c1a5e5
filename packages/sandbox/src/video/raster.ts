import sharp from 'sharp';
import { SAMPLE_SVG, placeholderSvg } from './drawings.ts';
import { pictureFromRgb } from './planes.ts';
import type { FrameSize, Picture } from './planes.ts';

/** Size of H.264 macroblocks; the sides of the model's output are multiples of it [docs]. */
const BLOCK = 16;
/** Minimum of the shorter side. A longer and narrower picture is cropped. */
const SMALLEST_SIDE = 96;
/** A larger image is refused before it is decoded. */
const MAX_PIXELS = 40_000_000;
/** Timeout of decoding and resizing. */
const DECODE_SECONDS = 10;
/** Size of the picture relative to a frame, so that it stays sharp when the camera zooms in. */
const OVERSIZE = 1.25;
/** SVG is not supported: it may refer to other files. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff']);

/** A decoded picture and the frame size of its video. */
export interface Raster {
  /** Larger than a frame by OVERSIZE. */
  readonly picture: Picture;
  /** The size of a frame. */
  readonly size: FrameSize;
}

/**
 * Decodes an image file and applies its orientation.
 *
 * @param resolution longest side of a frame in pixels
 * @throws when the format is not supported or the image is damaged, too large or too slow to decode
 */
export async function rasterFromImage(image: Uint8Array, resolution: number): Promise<Raster> {
  const { format } = await sharp(image, { limitInputPixels: MAX_PIXELS }).metadata();
  if (!FORMATS.has(format)) throw new Error(`unsupported image format ${format}`);
  return raster(image, resolution);
}

/** Draws a picture with the words of the prompt, as a placeholder. `resolution`: longest side of a frame in pixels. */
export function placeholderRaster(prompt: string, resolution: number): Promise<Raster> {
  return raster(Buffer.from(placeholderSvg(prompt)), resolution);
}

/** The sample image as PNG. */
export function samplePng(): Promise<Buffer> {
  return sharp(Buffer.from(SAMPLE_SVG)).png({ compressionLevel: 9 }).toBuffer();
}

async function raster(source: Uint8Array, resolution: number): Promise<Raster> {
  const image = sharp(source, { limitInputPixels: MAX_PIXELS });
  const { autoOrient } = await image.metadata();
  const size = frameSize(autoOrient.width, autoOrient.height, resolution);
  const larger = { width: even(size.width * OVERSIZE), height: even(size.height * OVERSIZE) };
  const rgb = await image
    .autoOrient()
    .flatten({ background: '#000' })
    .resize({ ...larger, fit: 'cover' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .timeout({ seconds: DECODE_SECONDS })
    .toBuffer();
  return { picture: pictureFromRgb(rgb, larger), size };
}

function even(length: number): number {
  return Math.round(length / 2) * 2;
}

/** The frame size for a picture: the longer side is at most `resolution`, and the aspect ratio is kept to the nearest block. */
export function frameSize(width: number, height: number, resolution: number): FrameSize {
  const longest = Math.floor(resolution / BLOCK) * BLOCK;
  const shortest = (longest * Math.min(width, height)) / Math.max(width, height);
  const other = Math.min(longest, Math.max(SMALLEST_SIDE, Math.round(shortest / BLOCK) * BLOCK));
  return width >= height ? { width: longest, height: other } : { width: other, height: longest };
}
