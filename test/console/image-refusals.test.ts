import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import type { ConsolePage } from '../support/browser/console-page.ts';
import { jobsWith } from '../support/gateway/generate.ts';
import { MIB, pngOf } from '../support/gateway/upload.ts';
import { dropFile, fileIn } from '../support/browser/page-files.ts';

const fixture = useConsole();

const TEXT = new TextEncoder().encode('no image at all');

async function drop({ page, imageField }: ConsolePage, path: string): Promise<void> {
  await dropFile(page, imageField, path);
}

async function choose({ page }: ConsolePage, path: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(path);
}

const CASES = [
  ['of another type', 'notes.txt', TEXT, drop, 'It must be a PNG, JPEG or WebP image.'],
  ['larger than 10 MiB', 'large.png', pngOf(10 * MIB + 1), choose, 'It must not be larger than 10 MiB.'],
  ['empty', 'empty.png', new Uint8Array(), drop, 'The file is empty.'],
] as const;

test.each(CASES)(
  'a file that is %s is refused at the field and sent nowhere',
  async (...[title, name, bytes, give, message]) => {
    await using console = await fixture.open();
    await console.fillIn({ prompt: title });
    await give(console, fileIn(fixture.folder, name, bytes));
    await console.imageField.getByText(message).waitFor();
    // It is the field's description, which is read out with it.
    const described = await console.imageField.getAttribute('aria-describedby');
    expect(await console.page.locator(`[id="${described}"]`).textContent()).toBe(message);
    expect(await console.imageField.getByRole('img').count()).toBe(0);

    await console.generate();
    await console.imageField.getByText('Choose an image, or give the URL of one.').waitFor();
    expect(console.mutations).toEqual([]);
    expect(await jobsWith(fixture.url, title)).toEqual([]);
  },
);

test('a file that only says that it is a PNG is refused at the field, and nothing is sent', async () => {
  const prompt = 'a text in disguise';
  await using console = await fixture.open();
  await console.fillIn({ prompt });
  await choose(console, fileIn(fixture.folder, 'disguise.png', TEXT));
  await console.imageField.locator('.field-error').getByText('It can’t be read as an image.').waitFor();
  await console.generate();
  await console.imageField.getByText('Choose an image, or give the URL of one.').waitFor();
  expect(console.mutations).toEqual([]);
  expect(await jobsWith(fixture.url, prompt)).toEqual([]);
});
