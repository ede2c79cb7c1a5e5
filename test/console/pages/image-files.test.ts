import sharp from 'sharp';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { HEIC_PHOTO } from '../../support/browser/heic-photo.ts';
import { fileIn } from '../../support/browser/page-files.ts';
import { jobsWith } from '../../support/gateway/generate.ts';

const fixture = useConsole();

/** An image whose upper half is red and whose lower half is blue. */
function redOverBlue(width: number, height: number) {
  const half = sharp({ create: { width, height: height / 2, channels: 3, background: '#d00000' } });
  return half.extend({ bottom: height / 2, background: '#0000d0' });
}

/** The same, lying on its side: only the EXIF orientation turns it upright. */
async function lying(width: number, height: number): Promise<Buffer> {
  const upright = await redOverBlue(width, height).png().toBuffer();
  return sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
}

test.each([
  ['scene.heic', async () => HEIC_PHOTO, [64, 96], 'converted from HEIC'],
  // As from a messenger that renames files, or a system that does not know the type.
  ['renamed.jpg', async () => HEIC_PHOTO, [64, 96], 'converted from HEIC'],
  ['scene.avif', () => redOverBlue(64, 96).avif().toBuffer(), [64, 96], 'converted from AVIF'],
  ['scene.gif', () => redOverBlue(64, 96).gif().toBuffer(), [64, 96], 'converted from GIF'],
  ['side.jpg', () => lying(64, 96), [64, 96], 'turned upright'],
  ['large.jpg', () => lying(3000, 4000), [1536, 2048], 'shrunk from 3000 × 4000 pixels'],
  ['large.png', () => redOverBlue(2100, 40).png().toBuffer(), [2048, 39], 'shrunk from 2100 × 40 pixels'],
] as const)('%s is sent upright, as a JPEG that the gateway accepts', async (name, source, size, change) => {
  const bytes = await source();
  await using console = await fixture.open();
  const { page, imageField } = console;
  await page.locator('input[type=file]').setInputFiles(fileIn(fixture.folder, name, bytes));
  await imageField.getByText(change).waitFor();
  expect(await imageField.locator('.help').textContent()).toContain(name.replace(/\.\w+$/, '.jpg'));
  await console.submitSmall(name, null);
  await expect.poll(() => jobsWith(fixture.url, name)).toHaveLength(1);
  const [job] = await jobsWith(fixture.url, name);
  const sent = await fetch(job?.request.image ?? '').then((answer) => answer.arrayBuffer());
  const image = sharp(Buffer.from(sent));
  const { format, width, height, orientation } = await image.metadata();
  expect({ format, size: [width, height], orientation }).toEqual({
    format: 'jpeg',
    size,
    orientation: undefined,
  });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const middle = Math.floor(width / 2);
  const pixel = (y: number) => [...data.subarray((y * width + middle) * info.channels).subarray(0, 3)];
  const [upper, lower] = [pixel(Math.floor(height / 4)), pixel(Math.floor((height * 3) / 4))];
  expect(upper[0]).toBeGreaterThan(180);
  expect(upper[2]).toBeLessThan(60);
  expect(lower[2]).toBeGreaterThan(180);
  expect(lower[0]).toBeLessThan(60);
  expect(console.opened.errors()).toEqual([]);
});

test('transparent pixels become white, not black', async () => {
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const clear = await sharp({ create: { width: 32, height: 32, channels: 4, background } })
    .gif()
    .toBuffer();
  await using console = await fixture.open();
  await console.page.locator('input[type=file]').setInputFiles(fileIn(fixture.folder, 'clear.gif', clear));
  await console.imageField.getByText('converted from GIF').waitFor();
  expect(
    await console.imageField.getByRole('img').evaluate(async (element) => {
      const canvas = document.createElement('canvas');
      const context = canvas.getContext('2d');
      if (!(element instanceof HTMLImageElement) || context === null) return null;
      await element.decode();
      context.drawImage(element, 0, 0);
      return [...context.getImageData(16, 16, 1, 1).data];
    }),
  ).toEqual([255, 255, 255, 255]);
});

test('an image that is small and upright is sent as it is', async () => {
  const bytes = await redOverBlue(64, 96).webp().toBuffer();
  await using console = await fixture.open();
  await console.page.locator('input[type=file]').setInputFiles(fileIn(fixture.folder, 'small.webp', bytes));
  await console.imageField.getByText('small.webp').waitFor();
  await console.submitSmall('as it is', null);
  await console.card('as it is').waitFor();
  const [job] = await jobsWith(fixture.url, 'as it is');
  const sent = await fetch(job?.request.image ?? '').then((answer) => answer.arrayBuffer());
  expect(Buffer.from(sent)).toEqual(bytes);
});

test('a HEIC file that cannot be decoded is refused, and the decoder is loaded for HEIC files only', async () => {
  const cut = HEIC_PHOTO.subarray(0, HEIC_PHOTO.length - 60);
  await using console = await fixture.open();
  const decoders: string[] = [];
  console.page.context().on('request', (request) => {
    if (request.url().includes('heif')) decoders.push(request.url());
  });
  const input = console.page.locator('input[type=file]');
  await input.setInputFiles(fileIn(fixture.folder, 'flat.avif', await redOverBlue(64, 96).avif().toBuffer()));
  await console.imageField.getByText('converted from AVIF').waitFor();
  expect(decoders).toEqual([]);
  await input.setInputFiles(fileIn(fixture.folder, 'cut.heic', cut));
  await console.imageField.getByText('This HEIC file can’t be decoded. Use a JPEG.').waitFor();
  expect(decoders).not.toEqual([]);
});
