/** The part of the picture that a frame shows, as fractions of the picture's sides. */
export interface View {
  /** Left and top edge. */
  readonly x: number;
  readonly y: number;
  /** Share of either side that is seen. */
  readonly scale: number;
}

/** How near the camera comes. */
const NEAREST = 0.8;
const FARTHEST = 0.98;

/**
 * A slow pan and zoom. The seed says whether it goes in or out, and which way.
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

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
