import { describe, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { type ConsolePage, UPLOAD } from '../../support/browser/console-page.ts';
import { HEIC_PHOTO } from '../../support/browser/heic-photo.ts';
import { dropFile, fileIn, pastePng, plays, pngFile } from '../../support/browser/page-files.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import { MIB, pngOf, postUpload } from '../../support/gateway/upload.ts';

const fixture = useConsole();

async function drop({ page, imageField }: ConsolePage, path: string): Promise<void> {
  await dropFile(page, imageField, path);
}

async function choose({ page }: ConsolePage, path: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(path);
}

async function sceneFile(): Promise<string> {
  return fileIn(fixture.folder, 'scene.png', await pngFile());
}

/** Fails unless exactly one job has this prompt. @returns the first bytes of its image */
async function imageOfOnlyJob(prompt: string): Promise<string> {
  const [job, ...others] = await jobsWith(fixture.url, prompt);
  expect(others).toEqual([]);
  const image = await fetch(job?.request.image ?? '').then((answer) => answer.arrayBuffer());
  return Buffer.from(image).subarray(1, 4).toString();
}

describe('a PNG becomes a video that plays', () => {
  test.each([
    ['dropped onto the page', async (console: ConsolePage) => drop(console, await sceneFile())],
    ['pasted', async ({ page }: ConsolePage) => pastePng(page, await pngFile())],
  ])('%s', async (way, give) => {
    await using console = await fixture.open();
    await give(console);
    await console.imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
    const card = await console.submitSmall(way, null);
    await card.getByText('Ready').waitFor();
    await plays(card.locator('video'));
    expect(await imageOfOnlyJob(way)).toBe('PNG');
    expect(console.opened.errors()).toEqual([]);
  });

  test('chosen in the file dialog, without an error, a policy violation or a request to another host', async () => {
    const prompt = 'a mill by the river';
    await using console = await fixture.open();
    const { page } = console;
    await page.addInitScript(`
      globalThis.forbidden = [];
      addEventListener('securitypolicyviolation', (event) => forbidden.push(event.violatedDirective + ' ' + event.blockedURI));
    `);
    await page.reload();
    await console.live();
    await page.getByRole('button', { name: 'Use a sample image' }).click();
    await console.imageField.getByText('sample.png').waitFor();
    await page.getByRole('button', { name: 'Remove the image' }).click();
    await choose(console, await sceneFile());
    const card = await console.submitSmall(prompt, null);
    await card.getByText('Ready').waitFor();
    await plays(card.locator('video'));
    await card.getByRole('link').click();
    await page.getByRole('heading', { name: prompt }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('a-mill-by-the-river.mp4');
    expect(await imageOfOnlyJob(prompt)).toBe('PNG');
    expect(await page.evaluate('forbidden')).toEqual([]);
    expect(console.opened.errors()).toEqual([]);
    expect(console.opened.hosts()).toEqual([new URL(fixture.url).host]);
  });
});

describe('one request makes one job', () => {
  test('a double click, and clicks after the answer', async () => {
    const prompt = 'a lighthouse at dusk';
    await using console = await fixture.open();
    await console.fillIn({ image: 'https://example.com/lighthouse.png', prompt });
    await console.chooseSmallest();
    const clicks = ['Your video', 'already'].map((note) => console.generateWhenNoteSays(note));
    await console.generateButton.dblclick();
    await Promise.all(clicks);
    await console.note.getByText(/already/).waitFor();
    expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
    expect(await console.card(prompt).count()).toBe(1);
  });

  test('a double click with a file, which is uploaded once', async () => {
    const prompt = 'a lighthouse at dawn';
    await using console = await fixture.open();
    await choose(console, await sceneFile());
    await console.fillIn({ prompt });
    await console.chooseSmallest();
    const again = console.generateWhenNoteSays('Your video');
    await console.generateButton.dblclick();
    await again;
    await console.note.getByText(/already/).waitFor();
    expect(console.mutations.filter((sent) => sent === UPLOAD)).toHaveLength(1);
    expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
  });

  test('another prompt makes another job at once', async () => {
    await using console = await fixture.open();
    await console.chooseSmallest();
    for (const prompt of ['a red kite', 'a blue kite']) {
      await console.fillIn({ image: 'https://example.com/kite.png', prompt });
      await console.generate();
      await console.card(prompt).waitFor();
    }
    for (const prompt of ['a red kite', 'a blue kite']) {
      expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
    }
  });
});

test('the message of a refused field goes when the user corrects the field, and its section stays open', async () => {
  await using console = await fixture.open();
  const { page } = console;
  const seed = page.getByRole('spinbutton', { name: 'Seed' });
  await page.getByText('More settings').click();
  await seed.fill('');
  await page.getByText('More settings').click();
  await console.generateButton.click();
  const messages = page.locator('.new-job .field-error');
  await expect
    .poll(() => messages.allTextContents())
    .toEqual([
      'Choose an image, or give the URL of one.',
      'It must not be empty.',
      'It must be a whole number of at most 2,147,483,647.',
      'Correct the marked fields.',
    ]);
  await console.fillIn({ prompt: 'a kite' });
  await seed.fill('7');
  expect(await messages.allTextContents()).toEqual([
    'Choose an image, or give the URL of one.',
    'Correct the marked fields.',
  ]);
  expect(await seed.isVisible()).toBe(true);
  expect(await seed.evaluate((input) => input === document.activeElement)).toBe(true);
  // A closed section opens again.
  await seed.fill('');
  await page.getByText('More settings').click();
  await console.generateButton.click();
  await expect.poll(() => seed.isVisible()).toBe(true);
});

const TEXT = new TextEncoder().encode('no image at all');

const NO_IMAGE = 'It can’t be read as an image. Use a JPEG, PNG, WebP, HEIC, AVIF or GIF.';

test('the image before stays when its replacement is stopped by files that cannot be used', async () => {
  await using console = await fixture.open();
  const { page } = console;
  await choose(console, await sceneFile());
  await console.imageField.getByText('scene.png').waitFor();
  // The decoder of HEIC never arrives.
  await page.context().route('**/*libheif*', () => undefined);
  await choose(console, fileIn(fixture.folder, 'photo.heic', HEIC_PHOTO));
  await console.imageField.getByText('Converting photo.heic…').waitFor();
  await choose(console, fileIn(fixture.folder, 'text.png', TEXT));
  await console.imageField.getByText(`text.png: ${NO_IMAGE}`).waitFor();
  await console.imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
  expect(await console.imageField.getByText('scene.png').count()).toBe(1);
});

test('the image before stays when its replacement is stopped by files for another draft', async () => {
  await using console = await fixture.open();
  const { page } = console;
  const draft = (number: number) => page.getByRole('button', { name: `Draft ${number}` });
  await choose(console, await sceneFile());
  await page.locator('input[type=file]').setInputFiles([await sceneFile(), await sceneFile()]);
  await draft(2).waitFor();
  // The decoder of HEIC never arrives.
  await page.context().route('**/*libheif*', () => undefined);
  await choose(console, fileIn(fixture.folder, 'photo.heic', HEIC_PHOTO));
  await console.imageField.getByText('Converting photo.heic…').waitFor();
  await draft(2).click();
  await choose(console, fileIn(fixture.folder, 'other.png', await pngFile()));
  await console.imageField.getByText('other.png').waitFor();
  await draft(1).click();
  await console.imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
  expect(await console.imageField.getByText('scene.png').count()).toBe(1);
});

describe('a file is refused at its field and never sent', () => {
  test.each([
    ['of another type', 'notes.txt', TEXT, drop, NO_IMAGE],
    ['larger than 100 MiB', 'large.png', pngOf(100 * MIB + 1), choose, 'It must not be larger than 100 MiB.'],
    ['empty', 'empty.png', new Uint8Array(), drop, 'The file is empty.'],
    ['a text named .png', 'disguise.png', TEXT, choose, NO_IMAGE],
  ] as const)('%s', async (prompt, name, bytes, give, message) => {
    await using console = await fixture.open();
    await console.fillIn({ prompt });
    await give(console, fileIn(fixture.folder, name, bytes));
    const list = console.imageField.getByRole('list', { name: 'Files that can’t be used' });
    await list.waitFor();
    expect(await list.textContent()).toBe(`${name}: ${message}`);
    expect(await console.imageField.getByRole('img').count()).toBe(0);

    await console.generate();
    await console.imageField.getByText('Choose an image, or give the URL of one.').waitFor();
    expect(console.mutations).toEqual([]);
    expect(await jobsWith(fixture.url, prompt)).toEqual([]);
  });

  test('the list of refused files gets the focus, and can be dismissed', async () => {
    await using console = await fixture.open();
    await choose(console, fileIn(fixture.folder, 'notes.txt', TEXT));
    const list = console.imageField.getByRole('list', { name: 'Files that can’t be used' });
    await expect.poll(() => list.evaluate((one) => one === document.activeElement)).toBe(true);
    await console.imageField.getByRole('button', { name: 'Dismiss' }).click();
    await list.waitFor({ state: 'detached' });
    expect(await console.note.textContent()).toBe('');
  });

  test('an upload that the gateway refuses names the file, and the error gets the focus', async () => {
    await using console = await fixture.open();
    await choose(console, await sceneFile());
    await console.imageField.getByText('scene.png').waitFor();
    await console.page.route('**/graphql', async (route) => {
      const isUpload = route.request().headers()['content-type']?.startsWith('multipart/') === true;
      // The gateway's answer to another file: the page itself refuses what the gateway would.
      if (!isUpload) return route.continue();
      const { text } = await postUpload(fixture.url, TEXT);
      return route.fulfill({ contentType: 'application/json', body: text });
    });
    await console.fillIn({ prompt: 'a file that the gateway refuses' });
    await console.generate();
    const error = console.imageField.locator('.field-error');
    await error.getByText(/^scene\.png: /).waitFor();
    await expect.poll(() => error.evaluate((one) => one === document.activeElement)).toBe(true);
  });

  test('the image before stays', async () => {
    await using console = await fixture.open();
    await choose(console, await sceneFile());
    await console.imageField.getByText('scene.png').waitFor();
    await choose(console, fileIn(fixture.folder, 'text.png', TEXT));
    await console.imageField.getByText(`text.png: ${NO_IMAGE}`).waitFor();
    await console.imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
    expect(await console.imageField.getByText('scene.png').count()).toBe(1);
  });
});
