import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { fileIn, plays, pngFile } from '../../support/browser/page-files.ts';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** To browsers, a page of this host over http is an insecure context, like an address in the LAN. */
const HOST = 'gateway.test';
const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let browser: TestBrowser;
let folder: string;
let url: string;

beforeAll(async () => {
  folder = resources.use(tempFolder()).path;
  const settings = { SANDBOX_SPEED: '10', ALLOW_ANONYMOUS: 'true', ALLOWED_HOSTS: HOST };
  gateway = resources.use(await spawnGateway({ DATA_DIR: resources.use(tempFolder()).path, ...settings }));
  browser = resources.use(await launchBrowser([`--host-resolver-rules=MAP ${HOST} 127.0.0.1`]));
  url = `http://${HOST}:${new URL(gateway.url).port}`;
});

afterAll(() => resources.disposeAsync());

test('over plain http the console submits a job and copies its link', async () => {
  const prompt = 'a ferry in the fog';
  await using console = await ConsolePage.open(browser, url);
  const { page } = console;
  expect(await page.evaluate('[isSecureContext, crypto.randomUUID, navigator.clipboard]')).toEqual([
    false,
    undefined,
    undefined,
  ]);
  await page.locator('input[type=file]').setInputFiles(fileIn(folder, 'scene.png', await pngFile()));
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  await console.generate();
  await console.card(prompt).getByText('Ready').waitFor();
  await plays(console.card(prompt).locator('video'));

  await console.card(prompt).getByRole('link').click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const link = page.url();
  await page.goBack();
  await page.getByLabel('or an image URL').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Remove the image' }).click();
  await page.getByLabel('or an image URL').focus();
  await page.keyboard.press('ControlOrMeta+V');
  expect(await page.getByLabel('or an image URL').inputValue()).toBe(link);
  expect(console.opened.hosts()).toEqual([new URL(url).host]);
  expect(console.opened.errors()).toEqual([]);
});

test('over plain http GraphiQL submits a job and copies the query', async () => {
  await using opened = await browser.open();
  const { page } = opened;
  await page.goto(`${url}/graphql`);
  await page.getByRole('button', { name: /^Execute query/ }).click();
  await page
    .locator('.graphiql-response')
    .filter({ hasText: /"status":\s"QUEUED"/ })
    .waitFor();
  await page.getByRole('button', { name: /^Copy query/ }).click();
  await page.evaluate(`document.body.prepend(document.createElement('textarea'))`);
  await page.locator('body > textarea').focus();
  await page.keyboard.press('ControlOrMeta+V');
  expect(await page.locator('body > textarea').inputValue()).toContain('mutation GenerateVideo');
  expect(opened.errors()).toEqual([]);
});

test('an exception during a submission is shown, and the form can be submitted again', async () => {
  await using console = await ConsolePage.open(browser, url);
  await console.page.evaluate(
    `crypto.getRandomValues = () => { throw new Error('there is no randomness today'); }`,
  );
  await console.fillIn({ image: 'https://example.com/ferry.png', prompt: 'a ferry that never leaves' });
  await console.generate();
  await console.note.getByText('there is no randomness today').waitFor();
  expect(await console.generateButton.textContent()).toBe('Generate video');
});
