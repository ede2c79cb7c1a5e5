import { randomBytes } from 'node:crypto';
import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { HEIC_PHOTO } from '../../support/browser/heic-photo.ts';
import { fileIn } from '../../support/browser/page-files.ts';
import { storedDrafts } from '../../support/browser/stored-drafts.ts';
import { jobsWith } from '../../support/gateway/generate.ts';

const fixture = useConsole();

/** A PNG of one colour. @returns its path */
async function square(name: string, background: string): Promise<string> {
  const image = sharp({ create: { width: 32, height: 32, channels: 3, background } });
  return fileIn(fixture.folder, name, await image.png().toBuffer());
}

async function choose({ page }: ConsolePage, ...paths: readonly string[]): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(paths);
}

function draftButtons({ page }: ConsolePage): Locator {
  return page.getByRole('list', { name: 'Drafts' }).getByRole('button');
}

function promptField({ page }: ConsolePage): Locator {
  return page.getByLabel('Prompt', { exact: true });
}

function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate((one) => one === document.activeElement);
}

/** The colour of a job's image as it was sent. */
async function colourOf(prompt: string): Promise<readonly number[]> {
  const [job] = await jobsWith(fixture.url, prompt);
  const image = await fetch(job?.request.image ?? '').then((answer) => answer.arrayBuffer());
  const { dominant } = await sharp(Buffer.from(image)).stats();
  return [dominant.r, dominant.g, dominant.b].map((value) => Math.round(value / 128));
}

test('the draft survives a reload: its image, its prompt, its settings, its seed', async () => {
  const prompt = 'a kite\nover the dunes';
  await using console = await fixture.open();
  const { page, imageField } = console;
  await choose(console, await square('kite.png', '#d00000'));
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  await page.getByRole('radio', { name: '2', exact: true }).check();
  const seed = await console.seedField.inputValue();
  await expect.poll(() => storedDrafts(page)).toMatchObject([{ settings: { prompt, variations: 2 } }]);

  await page.reload();
  await console.live();
  await imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
  await imageField.getByText('kite.png').waitFor();
  expect(await promptField(console).inputValue()).toBe(prompt);
  await page.getByText('More settings').click();
  expect(await console.seedField.inputValue()).toBe(seed);
  expect(await page.getByRole('radio', { name: '360' }).isChecked()).toBe(true);
  expect(await page.getByRole('radio', { name: '2', exact: true }).isChecked()).toBe(true);
  await console.generate();
  await console.note.getByText(/Your 2 videos/).waitFor();
  expect(await colourOf(prompt)).toEqual([2, 0, 0]);
  expect(console.opened.errors()).toEqual([]);
});

test('the draft is kept while another page is shown', async () => {
  await using console = await fixture.open();
  await console.submitSmall('a heron');
  await console.fillIn({ prompt: 'a heron flies' });
  await console.card('a heron').getByRole('link').click();
  await console.page.getByRole('heading', { name: 'a heron' }).waitFor();
  await console.page.goBack();
  expect(await promptField(console).inputValue()).toBe('a heron flies');
});

test('several files become several drafts, which are sent one by one or all at once', async () => {
  await using console = await fixture.open();
  const { page } = console;
  await console.chooseSmallest();
  const paths = [
    await square('red.png', '#d00000'),
    fileIn(fixture.folder, 'notes.txt', new TextEncoder().encode('no image')),
    await square('green.png', '#00d000'),
    await square('blue.png', '#0000d0'),
  ];
  await choose(console, ...paths);
  await draftButtons(console).nth(2).waitFor();
  await console.imageField.getByText('notes.txt: It can’t be read as an image.').waitFor();
  // The draft that has its image is none that failed.
  expect(await console.note.textContent()).toBe('');
  expect(await page.locator('.draft-mark').count()).toBe(0);
  await console.imageField.getByText('red.png').waitFor();

  await console.fillIn({ prompt: 'red' });
  await console.generate();
  await console.note.getByText(/Your video/).waitFor();
  await page.getByRole('button', { name: 'Draft 1: red: sent' }).waitFor();
  await draftButtons(console).nth(1).click();
  expect(await promptField(console).inputValue()).toBe('');
  await console.fillIn({ prompt: 'green' });
  await page.getByRole('radio', { name: '2', exact: true }).check();
  await page.getByRole('button', { name: 'Generate all 3 videos' }).click();

  // The draft that cannot be sent is shown, with its error, and the note speaks of all.
  await page.getByRole('button', { name: 'Draft 3: not sent' }).waitFor();
  await console.note
    .getByText(/^Your 2 videos .* 1 of 2 drafts has videos that were not sent\. Correct the marked fields\.$/)
    .waitFor();
  await console.fillIn({ prompt: 'blue' });
  await console.generate();
  await page.getByRole('button', { name: 'Draft 3: blue: sent' }).waitFor();
  expect(await colourOf('red')).toEqual([2, 0, 0]);
  expect(await colourOf('green')).toEqual([0, 2, 0]);
  expect(await colourOf('blue')).toEqual([0, 0, 2]);
  for (const prompt of ['red', 'blue']) expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
  expect(await jobsWith(fixture.url, 'green')).toHaveLength(2);

  await page.reload();
  await console.live();
  await expect.poll(() => draftButtons(console).count()).toBe(3);
  await page.getByRole('button', { name: 'Remove sent' }).click();
  await expect.poll(() => draftButtons(console).count()).toBe(0);
  expect(await console.imageField.getByRole('img').count()).toBe(0);
  expect(await promptField(console).inputValue()).toBe('blue');
  expect(await hasFocus(promptField(console))).toBe(true);
  expect(console.opened.errors()).toEqual([]);
});

test('while several files are converted, each has a placeholder with its name', async () => {
  await using console = await fixture.open();
  const { page } = console;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  // The decoder of HEIC arrives late.
  await page.context().route('**/*libheif*', async (route) => {
    await held;
    await route.continue();
  });
  const paths = ['one.heic', 'two.heic'].map((name) => fileIn(fixture.folder, name, HEIC_PHOTO));
  await choose(console, ...paths, await square('three.png', '#d00000'));
  await console.imageField.getByText('Converting one.heic…').waitFor();
  expect(await page.getByRole('list', { name: 'Drafts' }).getByRole('listitem').allTextContents()).toEqual([
    '1',
    '…Converting two.heic…',
    '…Converting three.png…',
  ]);
  release();
  await draftButtons(console).nth(2).waitFor();
  expect(await page.getByText('Converting').count()).toBe(0);
});

test('the host of a URL gets no request before the URL is complete, also with several drafts', async () => {
  await using console = await fixture.open();
  const { page } = console;
  await choose(console, await square('red.png', '#d00000'), await square('green.png', '#00d000'));
  await draftButtons(console).nth(1).waitFor();
  await page.getByRole('button', { name: 'Remove the image' }).click();
  const requests: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('example.com')) requests.push(request.url());
  });
  await page.getByLabel('or an image URL').pressSequentially('https://example.com/cat.png');
  await page.locator('.draft img[src="https://example.com/cat.png"]').waitFor();
  expect(new Set(requests)).toEqual(new Set(['https://example.com/cat.png']));
});

test('after a draft was removed the focus is on the one that is shown then', async () => {
  await using console = await fixture.open();
  const { page } = console;
  const names = ['red', 'green', 'blue'];
  await choose(console, ...(await Promise.all(names.map((name) => square(`${name}.png`, '#d00000')))));
  await draftButtons(console).nth(2).waitFor();
  await page.getByRole('button', { name: 'Remove this draft' }).click();
  expect(
    await draftButtons(console)
      .first()
      .evaluate((one) => one === document.activeElement),
  ).toBe(true);
  await page.getByRole('button', { name: 'Remove this draft' }).click();
  expect(await hasFocus(promptField(console))).toBe(true);
});

test('earlier prompts can be chosen again, also after a reload', async () => {
  await using console = await fixture.open();
  const { page } = console;
  const open = page.getByRole('button', { name: 'Earlier prompts' });
  expect(await open.count()).toBe(0);
  await console.submitSmall('a barge drifts by');
  await open.waitFor();
  await page.reload();
  await console.live();
  await console.fillIn({ prompt: 'something else' });
  await open.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  expect(await page.getByRole('button', { name: 'a barge drifts by', exact: true }).count()).toBe(0);
  await open.click();
  await page.getByRole('button', { name: 'a barge drifts by', exact: true }).click();
  expect(await promptField(console).inputValue()).toBe('a barge drifts by');
  await page.getByRole('button', { name: 'Restore your text' }).click();
  expect(await promptField(console).inputValue()).toBe('something else');
  expect(await hasFocus(promptField(console))).toBe(true);
  expect(await page.getByRole('button', { name: 'Restore your text' }).count()).toBe(0);
  await open.click();
  await page.getByRole('button', { name: 'Forget them all' }).click();
  expect(await open.count()).toBe(0);
  expect(await hasFocus(promptField(console))).toBe(true);
});

/** Lists the contents of files that the page reads, without keeping them in memory. */
const LIST_CONTENTS = `globalThis.contents = [];
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = async function () {
    const content = await arrayBuffer.call(this);
    if (content.byteLength > 1e6) contents.push(new WeakRef(content));
    return content;
  };`;

test('the page does not keep the contents of the files that it has stored', async () => {
  await using console = await fixture.open();
  const { page } = console;
  await page.evaluate(LIST_CONTENTS);
  const pixels = { raw: { width: 600, height: 600, channels: 3 } } as const;
  for (let index = 0; index < 3; index += 1) {
    const image = await sharp(randomBytes(600 * 600 * 3), pixels)
      .png()
      .toBuffer();
    await choose(console, fileIn(fixture.folder, `noise-${index}.png`, image));
    await console.imageField.getByText(`noise-${index}.png`).waitFor();
    await console.fillIn({ prompt: `noise ${index}` });
  }
  expect(await page.evaluate('contents.length')).toBe(3);
  const session = await page.context().newCDPSession(page);
  const kept = async (): Promise<unknown> => {
    await session.send('HeapProfiler.collectGarbage');
    return page.evaluate('contents.filter((one) => one.deref() !== undefined).length');
  };
  await expect.poll(kept).toBe(0);
});

test('an open page does not block a newer version of its database', async () => {
  await using console = await fixture.open();
  const opened = console.page.evaluate(`new Promise((resolve) => {
    const request = indexedDB.open('reelgate-console', 2);
    for (const type of ['success', 'blocked', 'error'])
      request.addEventListener(type, () => resolve(type));
  })`);
  expect(await opened).toBe('success');
  // Without the database it still sends.
  await choose(console, await square('kite.png', '#d00000'));
  await (await console.submitSmall('a kite after an update', null)).waitFor();
});

const FORBIDDEN = `for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
  Object.defineProperty(globalThis, name, { get() { throw new DOMException('Forbidden', 'SecurityError'); } });`;

test.each([
  [
    'has no answer for its database',
    "Object.defineProperty(globalThis, 'indexedDB', { value: { open: () => ({ addEventListener() {} }) } })",
  ],
  ['forbids the page to store anything', FORBIDDEN],
])('where the browser %s, the form works without keeping drafts', async (fault, script) => {
  await using opened = await fixture.browser.open();
  await opened.page.addInitScript(script);
  await using console = new ConsolePage(opened);
  await opened.page.goto(fixture.url);
  await console.live();
  await choose(console, await square('kite.png', '#d00000'));
  await (await console.submitSmall(`a kite where the browser ${fault}`, null)).waitFor();
  expect(opened.errors()).toEqual([]);
});
