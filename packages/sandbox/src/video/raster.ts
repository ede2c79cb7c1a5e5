import sharp from 'sharp';
import { SAMPLE_SVG, placeholderSvg } from './drawings.ts';
import { pictureFromRgb } from './planes.ts';
import type { FrameSize, Picture } from './planes.ts';

/** H.264 macroblocks, and the model's own output, come in this [docs]. */
const BLOCK = 16;
/** The shorter side of a very long picture; what sticks out is cut off. */
const SMALLEST_SIDE = 96;
/** More is refused before it is decoded. */
const MAX_PIXELS = 40_000_000;
/** Seconds that decoding and resizing may take. */
const DECODE_SECONDS = 10;
/** The picture is kept this much larger than a frame, so that it stays sharp when the camera is near. */
const OVERSIZE = 1.25;
/** Drawings are not among them: an SVG may name other files. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff']);

/** A picture ready to be filmed. */
export interface Raster {
  /** Larger than a frame by a quarter. */
  readonly picture: Picture;
  /** Of the film's frames. */
  readonly size: FrameSize;
}

/**
 * A picture file, turned upright.
 *
 * @param resolution pixels, longest side of a frame
 * @throws when the bytes are no image that can be used
 */
export async function rasterFromImage(image: Uint8Array, resolution: number): Promise<Raster> {
  const { format } = await sharp(image, { limitInputPixels: MAX_PIXELS }).metadata();
  if (!FORMATS.has(format)) throw new Error(`not a picture: ${format}`);
  return raster(image, resolution);
}

/** A picture drawn from the prompt's words, for want of an image. `resolution`: pixels, longest side of a frame. */
export function placeholderRaster(prompt: string, resolution: number): Promise<Raster> {
  return raster(Buffer.from(placeholderSvg(prompt)), resolution);
}

/** The sample, as PNG. */
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

/** The frames of a picture with these sides: the longest at most `resolution`, the aspect kept to the nearest block. */
export function frameSize(width: number, height: number, resolution: number): FrameSize {
  const longest = Math.floor(resolution / BLOCK) * BLOCK;
  const shortest = (longest * Math.min(width, height)) / Math.max(width, height);
  const other = Math.min(longest, Math.max(SMALLEST_SIDE, Math.round(shortest / BLOCK) * BLOCK));
  return width >= height ? { width: longest, height: other } : { width: other, height: longest };
}
