/** One part of an MP4 file. Bytes; `size` counts its header, which is 8 long. */
export interface Box {
  /** Four letters. */
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Boxes that hold the tables and headers of a film, from the outside in. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * The boxes that lie side by side between two places of a file, in order.
 *
 * @throws RangeError when a box does not fit there
 */
export function boxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const boxes: Box[] = [];
  for (let start = from; start + 8 <= to;) {
    const size = view.getUint32(start);
    if (size < 8 || start + size > to) throw new RangeError(`an MP4 box of ${size} bytes`);
    const type = String.fromCodePoint(...file.subarray(start + 4, start + 8));
    boxes.push({ type, start, size });
    start += size;
  }
  return boxes;
}

/**
 * The same, with what is within the film's index in place of the boxes that only hold others.
 *
 * @throws RangeError when a box does not fit where it is
 */
export function innerBoxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  return boxesOf(file, from, to).flatMap((box) =>
    CONTAINERS.has(box.type) ? innerBoxesOf(file, box.start + 8, box.start + box.size) : [box],
  );
}
