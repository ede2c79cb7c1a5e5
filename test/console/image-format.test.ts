import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { formatOf, orientationOf } from '../../console/src/new-job/image/image-format.ts';
import { HEIC_PHOTO } from '../support/browser/heic-photo.ts';

function image(): Sharp {
  return sharp({ create: { width: 40, height: 20, channels: 3, background: '#483d8b' } });
}

test.each(['png', 'jpeg', 'webp', 'gif', 'avif'] as const)('a file of the format %s', async (format) => {
  expect(formatOf(await image().toFormat(format).toBuffer())).toBe(format);
});

test('a HEIC file, also when its main brand says only that it is an image', () => {
  expect(formatOf(HEIC_PHOTO)).toBe('heic');
  const generic = Buffer.from(HEIC_PHOTO);
  generic.write('mif1', 8);
  expect(formatOf(generic)).toBe('heic');
});

test.each([
  ['a text', Buffer.from('no image at all')],
  ['an empty file', Buffer.alloc(0)],
  ['a cut PNG', Buffer.from('\x89PNG', 'latin1')],
  ['an MP4', Buffer.from('\0\0\0\x14ftypisom\0\0\x02\0isom', 'latin1')],
  ['a RIFF file of another kind', Buffer.from('RIFF\x01\x02\x03\x04WAVE')],
])('%s is none of them', (_, bytes) => {
  expect(formatOf(bytes)).toBeNull();
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('the EXIF orientation %i of a JPEG', async (orientation) => {
  expect(orientationOf(await image().jpeg().withMetadata({ orientation }).toBuffer())).toBe(orientation);
});

test('a JPEG without EXIF data is upright, and so is one with an invalid orientation', async () => {
  expect(orientationOf(await image().jpeg().toBuffer())).toBe(1);
  const invalid = await image().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const tag = invalid.indexOf(Buffer.from('12010300', 'hex'));
  expect(tag).toBeGreaterThan(0);
  invalid.writeUInt16LE(600, tag + 8);
  expect(orientationOf(invalid)).toBe(1);
});

test('a JPEG that is cut anywhere in its EXIF data is upright', async () => {
  const whole = await image().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const tag = whole.indexOf(Buffer.from('12010300', 'hex'));
  for (let length = 0; length < tag + 9; length++) expect(orientationOf(whole.subarray(0, length))).toBe(1);
});
