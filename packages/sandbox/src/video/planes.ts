/** The part of the picture in a frame, as shares of the picture's sides. */
export interface View {
  /** Left and top edge. */
  readonly x: number;
  readonly y: number;
  /** Visible share of both sides. */
  readonly scale: number;
}

/** In pixels. The sides of a frame are multiples of 16. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** One channel of a picture, row by row. */
export interface Plane extends FrameSize {
  readonly samples: Uint8Array;
}

/** A picture in YUV 4:2:0, BT.601 limited range: the players' default for a video of this size. */
export interface Picture {
  readonly y: Plane;
  readonly u: Plane;
  readonly v: Plane;
}

/** @param rgb three bytes per pixel; width and height are even */
export function pictureFromRgb(rgb: Uint8Array, { width, height }: FrameSize): Picture {
  const y = plane(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const at = pixel * 3;
    y.samples[pixel] =
      16.5 + 0.257 * (rgb[at] ?? 0) + 0.504 * (rgb[at + 1] ?? 0) + 0.098 * (rgb[at + 2] ?? 0);
  }
  const u = plane(width / 2, height / 2);
  const v = plane(width / 2, height / 2);
  const below = width * 3;
  for (let row = 0; row < height / 2; row += 1) {
    for (let column = 0; column < width / 2; column += 1) {
      const at = (row * 2 * width + column * 2) * 3;
      const red = mean(rgb, at, below);
      const green = mean(rgb, at + 1, below);
      const blue = mean(rgb, at + 2, below);
      const pixel = row * u.width + column;
      u.samples[pixel] = 128.5 - 0.148 * red - 0.291 * green + 0.439 * blue;
      v.samples[pixel] = 128.5 + 0.439 * red - 0.368 * green - 0.071 * blue;
    }
  }
  return { y, u, v };
}

/** Draws a view of the picture into `frame`: the Y, U and V planes of a frame of `size`, one after the other. */
export function drawFrame(picture: Picture, view: View, size: FrameSize, frame: Uint8Array): void {
  const half = { width: size.width / 2, height: size.height / 2 };
  const luma = size.width * size.height;
  drawPlane(picture.y, view, size, frame.subarray(0, luma));
  drawPlane(picture.u, view, half, frame.subarray(luma, luma * 1.25));
  drawPlane(picture.v, view, half, frame.subarray(luma * 1.25, luma * 1.5));
}

function plane(width: number, height: number): Plane {
  return { width, height, samples: new Uint8Array(width * height) };
}

/** Mean of one channel of four neighbouring pixels. */
function mean(rgb: Uint8Array, at: number, below: number): number {
  return ((rgb[at] ?? 0) + (rgb[at + 3] ?? 0) + (rgb[at + below] ?? 0) + (rgb[at + below + 3] ?? 0)) / 4;
}

/** Bilinear interpolation with a resolution of 1/256 sample; a pan in whole samples would visibly stutter. */
function drawPlane(from: Plane, view: View, to: FrameSize, into: Uint8Array): void {
  const { samples, width } = from;
  const columns = taps(to.width, from.width, view.x, view.scale);
  const rows = taps(to.height, from.height, view.y, view.scale);
  let out = 0;
  for (let row = 0; row < to.height; row += 1) {
    const line = (rows.first[row] ?? 0) * width;
    const lower = rows.share[row] ?? 0;
    const upper = 256 - lower;
    for (let column = 0; column < to.width; column += 1) {
      const at = line + (columns.first[column] ?? 0);
      const right = columns.share[column] ?? 0;
      const left = 256 - right;
      const above = (samples[at] ?? 0) * left + (samples[at + 1] ?? 0) * right;
      const below = (samples[at + width] ?? 0) * left + (samples[at + width + 1] ?? 0) * right;
      into[out] = (above * upper + below * lower + 0x8000) >> 16;
      out += 1;
    }
  }
}

/** For each of `count` outputs: the index of the first of its two samples, and the weight of the second in 256ths. */
function taps(count: number, length: number, offset: number, scale: number) {
  const first = new Int32Array(count);
  const share = new Int32Array(count);
  for (let index = 0; index < count; index += 1) {
    const centre = (offset + ((index + 0.5) / count) * scale) * length - 0.5;
    const position = Math.min(Math.max(centre, 0), length - 1.001);
    first[index] = Math.floor(position);
    share[index] = Math.floor((position - Math.floor(position)) * 256);
  }
  return { first, share };
}
