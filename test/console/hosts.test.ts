import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { fileIn, plays, pngFile } from '../support/browser/page-files.ts';

const fixture = useConsole();

test('from the first request to the playing video nothing is wrong, nothing is forbidden, and nobody else is asked', async () => {
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
  await page.locator('input[type=file]').setInputFiles(fileIn(fixture.folder, 'scene.png', await pngFile()));
  await console.fillIn({ prompt });
  await console.askForLittle();
  await console.generate();
  await console.card(prompt).getByText('Ready').waitFor();
  await plays(console.card(prompt).locator('video'));
  await console.card(prompt).getByRole('link').click();
  await page.getByRole('heading', { name: prompt }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('a-mill-by-the-river.mp4');

  expect(await page.evaluate('forbidden')).toEqual([]);
  expect(console.opened.errors()).toEqual([]);
  expect(console.opened.hosts()).toEqual([new URL(fixture.url).host]);
});
