import { boxesOf, innerBoxesOf } from './mp4-boxes.ts';

/**
 * The same film with its index (`moov`) before its data, so that a player can begin before it has the whole file.
 *
 * @throws RangeError when the bytes are no MP4
 */
export function moovFirst(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const boxes = boxesOf(file);
  const kept = boxes.filter((box) => box.type !== 'free');
  const moov = kept.find((box) => box.type === 'moov');
  const data = kept.find((box) => box.type === 'mdat');
  const head = kept.filter((box) => box.type === 'ftyp');
  if (moov === undefined || data === undefined) throw new RangeError('an MP4 without moov or mdat');
  const order = [...head, moov, data];
  const result = new Uint8Array(order.reduce((total, box) => total + box.size, 0));
  let at = 0;
  let moovAt = 0;
  let moved = 0;
  for (const box of order) {
    result.set(file.subarray(box.start, box.start + box.size), at);
    if (box === moov) moovAt = at;
    if (box === data) moved = at - data.start;
    at += box.size;
  }
  shiftOffsets(result, moovAt, moovAt + moov.size, moved);
  return result;
}

/** Moves the chunk offsets that are listed in the index, which lies between `from` and `to`. */
function shiftOffsets(file: Uint8Array<ArrayBuffer>, from: number, to: number, by: number): void {
  const view = new DataView(file.buffer);
  for (const box of innerBoxesOf(file, from, to)) {
    if (box.type !== 'stco') continue;
    const count = view.getUint32(box.start + 12);
    for (let index = 0; index < count; index += 1) {
      const at = box.start + 16 + index * 4;
      view.setUint32(at, view.getUint32(at) + by);
    }
  }
}
