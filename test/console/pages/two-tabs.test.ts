import type { Route } from 'playwright-core';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { fileIn, pngFile } from '../../support/browser/page-files.ts';
import { storedDrafts } from '../../support/browser/stored-drafts.ts';
import { jobsWith } from '../../support/gateway/generate.ts';

const fixture = useConsole();

/**
 * A tab with the draft of a file, ready to be sent, and another one in the same browser.
 *
 * @param script runs in the other tab before the page does
 */
async function twoTabs(prompt: string, script = '') {
  const resources = new AsyncDisposableStack();
  const first = resources.use(await fixture.open());
  await first.page
    .locator('input[type=file]')
    .setInputFiles(fileIn(fixture.folder, 'kite.png', await pngFile()));
  await first.imageField.getByText('kite.png').waitFor();
  await first.fillIn({ prompt });
  await first.chooseSmallest();
  const page = await first.page.context().newPage();
  await page.addInitScript(script);
  const second = new ConsolePage({ ...first.opened, page });
  await page.goto(fixture.url);
  await second.live();
  await second.imageField.getByText('kite.png').waitFor();
  return { first, second, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

test('after a draft was sent in one tab, the other shows its video and continues with the same seed', async () => {
  const prompt = 'a kite in two tabs';
  await using tabs = await twoTabs(prompt);
  const { first, second } = tabs;
  const seed = await second.seedField.inputValue();
  await first.generate();
  await second.note.getByText('Your video').waitFor();
  await expect.poll(() => second.seedField.inputValue()).not.toBe(seed);
  expect(await second.seedField.inputValue()).toBe(await first.seedField.inputValue());
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});

test('a draft that two tabs send at the same time becomes one video', async () => {
  const prompt = 'a kite sent at once';
  await using tabs = await twoTabs(prompt);
  const { first, second } = tabs;
  await Promise.all([first.generate(), second.generate()]);
  await Promise.all([first, second].map(({ note }) => note.getByText(/Your video|This video/).waitFor()));
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});

test('a tab that was not told that the draft was sent finds that in the storage', async () => {
  const prompt = 'a kite in a frozen tab';
  await using tabs = await twoTabs(
    prompt,
    "Object.defineProperty(BroadcastChannel.prototype, 'addEventListener', { value() {} })",
  );
  const { first, second } = tabs;
  await first.generate();
  await first.note.getByText('Your video').waitFor();
  await expect.poll(() => first.note.textContent()).toMatch(/ready/);
  await second.generate();
  await second.note.getByText('This video is ready already.').waitFor();
  expect(second.mutations.filter((sent) => sent !== 'upload')).toEqual([]);
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});

/** The request arrives, and the page never gets the answer. */
async function loseAnswer(route: Route): Promise<void> {
  if (route.request().postData()?.includes('generateVideo(') !== true) return route.continue();
  await route.fetch();
  return route.abort();
}

test('a tab keeps the key of its request when another one removes the draft', async () => {
  const prompt = 'a kite that is removed elsewhere';
  await using console = await fixture.open();
  const { page } = console;
  await console.fillIn({ image: 'https://example.com/kite.png', prompt });
  await console.chooseSmallest();
  await page.route('**/graphql', loseAnswer);
  await console.generate();
  await expect.poll(() => jobsWith(fixture.url, prompt)).toHaveLength(1);
  await page.locator('.submit-row').getByRole('button', { name: 'Cancel' }).click();
  await console.note.getByText('Canceled.').waitFor();
  await page.unroute('**/graphql', loseAnswer);
  await page.evaluate(`new Promise((resolve) => {
    const request = indexedDB.open('reelgate-console');
    request.addEventListener('success', () => {
      const removal = request.result.transaction(['drafts', 'files'], 'readwrite');
      removal.objectStore('drafts').clear();
      removal.objectStore('files').clear();
      removal.addEventListener('complete', () => resolve(request.result.close()));
    });
  })`);
  for (const text of [`${prompt}!`, prompt]) await console.fillIn({ prompt: text });
  await expect.poll(() => storedDrafts(page)).toMatchObject([{ settings: { prompt } }]);
  await page.reload();
  await console.live();
  await console.generate();
  await console.note.getByText('Your video').waitFor();
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});
