import { describe, expect, it } from 'vitest';
import { imageTypeOf } from '../../../src/domain/request/image-type.ts';
import { JPEG, PNG, WEBP } from '../../support/gateway/upload.ts';

describe('the type of an image', () => {
  it.each([
    ['image/png', PNG],
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
  ])('follows from its first bytes: %s', (type, bytes) => {
    expect(imageTypeOf(bytes)).toBe(type);
  });

  it.each([
    ['a part of something larger', new Uint8Array([1, ...PNG, 2]).subarray(1, 9), 'image/png'],
    [
      'WebP whose length is anything',
      Uint8Array.from(WEBP, (byte, at) => (at > 3 && at < 8 ? 255 : byte)),
      'image/webp',
    ],
  ])('is found for %s', (_, bytes, type) => {
    expect(imageTypeOf(bytes)).toBe(type);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['PNG cut short', PNG.subarray(0, 7)],
    ['JPEG cut short', JPEG.subarray(0, 2)],
    ['WebP cut short', WEBP.subarray(0, 11)],
    ['PNG that was sent as text', Uint8Array.from(PNG, (byte) => (byte === 0x0d ? 0x0a : byte))],
    ['a sound in the same container', new TextEncoder().encode('RIFF....WAVE')],
    ['GIF', new TextEncoder().encode('GIF89a......')],
    ['SVG', new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['HTML', new TextEncoder().encode('<!doctype html>')],
    ['bytes before a PNG', new Uint8Array([0, ...PNG])],
  ])('is null for %s', (_, bytes) => {
    expect(imageTypeOf(bytes)).toBeNull();
  });
});
