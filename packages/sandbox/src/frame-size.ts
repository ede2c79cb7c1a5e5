/** H.264 macroblocks, and the model's own output, come in this [docs]. */
const BLOCK = 16;
/** The shorter side of a very long picture; what sticks out is cut off. */
const SMALLEST_SIDE = 96;

/** Frames a second of the model's output [docs]. */
export const FRAME_RATE = 16;

/** The sides of a picture, in pixels; of a frame, multiples of 16. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** The frames of a picture with these sides: the longest at most `resolution`, the aspect kept to the nearest block. */
export function frameSize(width: number, height: number, resolution: number): FrameSize {
  const longest = Math.floor(resolution / BLOCK) * BLOCK;
  const shortest = (longest * Math.min(width, height)) / Math.max(width, height);
  const other = Math.min(longest, Math.max(SMALLEST_SIDE, Math.round(shortest / BLOCK) * BLOCK));
  return width >= height ? { width: longest, height: other } : { width: other, height: longest };
}

/** 17, 33, 49, 65, 81 for 1 to 5 s [docs]. */
export function frameCount(seconds: number): number {
  return seconds * FRAME_RATE + 1;
}
