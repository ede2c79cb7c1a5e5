import h264 from 'h264-mp4-encoder';
import { clearDates, moveIndexFirst } from './mp4.ts';
import { drawFrame, type View } from './planes.ts';
import type { Raster } from './raster.ts';

/** Frames a second of the model's output [docs]. */
const FRAME_RATE = 16;
/** 0 (best compression) to 10 (fastest). Lower values hardly reduce the file size. */
const ENCODER_SPEED = 5;
/** 10 (best quality) to 51. */
const QUANTIZATION = 24;

/**
 * Renders a pan and zoom over the picture as an MP4 with H.264 that can be streamed. Equal inputs give equal bytes.
 *
 * @param seconds a whole number
 * @param seed of the camera's path
 * @throws when the encoder fails
 */
export async function encodeVideo(
  { picture, size }: Raster,
  seconds: number,
  seed: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await h264.createH264MP4Encoder();
  try {
    encoder.width = size.width;
    encoder.height = size.height;
    encoder.frameRate = FRAME_RATE;
    encoder.speed = ENCODER_SPEED;
    encoder.quantizationParameter = QUANTIZATION;
    // One key frame per second, for seeking.
    encoder.groupOfPictures = FRAME_RATE;
    encoder.initialize();
    const camera = cameraPath(seed);
    const frames = frameCount(seconds);
    const frame = new Uint8Array(size.width * size.height * 1.5);
    for (let index = 0; index < frames; index += 1) {
      drawFrame(picture, camera(index / (frames - 1)), size, frame);
      encoder.addFrameYuv(frame);
    }
    encoder.finalize();
    const bytes = encoder.FS.readFile(encoder.outputFilename);
    encoder.FS.unlink(encoder.outputFilename);
    clearDates(bytes);
    return moveIndexFirst(bytes);
  } finally {
    encoder.delete();
  }
}

/** 17, 33, 49, 65, 81 for 1 to 5 s [docs]. */
function frameCount(seconds: number): number {
  return seconds * FRAME_RATE + 1;
}

/** Limits of the zoom, as shares of the picture's sides. */
const NEAREST = 0.8;
const FARTHEST = 0.98;

/**
 * A slow pan and zoom. The seed determines the direction of both.
 *
 * @returns the view at `progress` (0 to 1)
 */
export function cameraPath(seed: number): (progress: number) => View {
  const random = mulberry32(seed);
  const zoomsIn = random() < 0.7;
  const near = NEAREST + 0.06 * random();
  const [from, to] = zoomsIn ? [FARTHEST, near] : [near, FARTHEST];
  const start = { x: random(), y: random() };
  const end = { x: 1 - start.x, y: 1 - start.y };
  return (progress) => {
    const eased = progress * progress * (3 - 2 * progress);
    const scale = from + (to - from) * eased;
    const room = 1 - scale;
    return {
      x: room * (start.x + (end.x - start.x) * eased),
      y: room * (start.y + (end.y - start.y) * eased),
      scale,
    };
  };
}

/** A seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
