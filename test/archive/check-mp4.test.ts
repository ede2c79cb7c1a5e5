import { expect, it } from 'vitest';
import { bytesInMemory } from '../../src/archive/download/byte-source.ts';
import { findMp4Fault } from '../../src/archive/download/check-mp4.ts';
import { box, sampleMp4 } from './sample-mp4.ts';

const faultOf = (...parts: readonly Uint8Array[]) => findMp4Fault(bytesInMemory(Buffer.concat(parts)));

/** A box whose size is written with 64 bits. */
function largeBox(type: string, content: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1);
  header.write(type, 4, 'latin1');
  header.writeBigUInt64BE(BigInt(16 + content.length), 8);
  return Buffer.concat([header, content]);
}

it('accepts a video with its index first or last', async () => {
  expect(await faultOf(sampleMp4())).toBeNull();
  expect(await faultOf(sampleMp4({ isIndexFirst: false }))).toBeNull();
});

it('accepts sizes of 64 bits, and data up to the end of the file', async () => {
  const [head, index] = [sampleMp4().subarray(0, 24), sampleMp4({ dataLength: 0 }).subarray(24, -8)];
  expect(await faultOf(head, index, largeBox('mdat', Buffer.alloc(9)))).toBeNull();
  expect(await faultOf(head, index, Buffer.from('\0\0\0\0mdat to the end', 'latin1'))).toBeNull();
});

it('accepts bytes after the video', async () => {
  expect(await faultOf(sampleMp4(), Buffer.from('more'))).toBeNull();
  expect(await faultOf(sampleMp4(), Buffer.from('ffffffff6d6f6f66', 'hex'))).toBeNull();
});

it('refuses a video that ends early, wherever it ends', async () => {
  for (const video of [sampleMp4(), sampleMp4({ isIndexFirst: false })]) {
    for (let length = 1; length < video.length; length += 7) {
      expect(await faultOf(video.subarray(0, length)), `${length} bytes`).toMatch(/^it /);
    }
    expect(await faultOf(video.subarray(0, -1))).toMatch(/no complete (?:mdat|moov) box$/);
  }
});

it.each([
  ['<!doctype html><html>', 'it does not begin like an MP4 ("<!doctype html><")'],
  ['\x1a\x45\xdf\xa3 matroska webm', 'it does not begin like an MP4 (".E.. matroska we")'],
  ['', 'it does not begin like an MP4 (it is empty)'],
])('says what a file of another kind is like', async (text, fault) => {
  expect(await faultOf(Buffer.from(text, 'latin1'))).toBe(fault);
});

it('refuses a file without a video track, or whose track names no codec', async () => {
  expect(await faultOf(sampleMp4({ handler: 'soun' }))).toBe('it has no video track');
  expect(await faultOf(sampleMp4({ codecs: 0 }))).toBe('it has no video track');
  expect(await faultOf(box('ftyp'), box('moov'), box('mdat'))).toBe('it has no video track');
});

it('a size of a box that leads nowhere ends the search', async () => {
  for (const size of ['00000001', '00000007', 'ffffffff']) {
    const broken = Buffer.concat([Buffer.from(size, 'hex'), Buffer.from('mdat')]);
    expect(await faultOf(box('ftyp'), broken)).toBe('it has no complete moov and no complete mdat box');
  }
  const endless = Buffer.concat(Array.from({ length: 20_000 }, () => box('free')));
  expect(await faultOf(box('ftyp'), endless, box('moov'), box('mdat'))).toMatch('no complete moov');
});
