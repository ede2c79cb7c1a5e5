import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import type { ConsolePage } from '../support/browser/console-page.ts';
import { jobsWith } from '../support/gateway/generate.ts';
import { dropFile, fileIn, pastePng, plays, pngFile, timeOf } from '../support/browser/page-files.ts';
import { generate, watchToEnd } from '../support/gateway/spawned-gateway.ts';

const fixture = useConsole();

const WAYS: readonly (readonly [string, (page: ConsolePage) => Promise<void>])[] = [
  [
    'dropped onto the page',
    async ({ page, imageField }) =>
      dropFile(page, imageField, fileIn(fixture.folder, 'scene.png', await pngFile())),
  ],
  ['pasted', async ({ page }) => pastePng(page, await pngFile())],
  [
    'chosen in the file dialog',
    async ({ page }) => {
      const file = { name: 'scene.png', mimeType: 'image/png', buffer: await pngFile() };
      await page.locator('input[type=file]').setInputFiles(file);
    },
  ],
];

test.each(WAYS)('a PNG that is %s becomes a video that plays', async (way, give) => {
  await using console = await fixture.open();
  await give(console);
  await console.imageField.getByRole('img', { name: 'The chosen image' }).waitFor();
  await console.fillIn({ prompt: way });
  await console.askForLittle();
  await console.generate();

  const card = console.card(way);
  await card.getByText('Ready').waitFor();
  await plays(card.locator('video'));
  const [job, ...others] = await jobsWith(fixture.url, way);
  expect(others).toEqual([]);
  const image = await fetch(job?.request.image ?? '').then((answer) => answer.arrayBuffer());
  // Pasted images were made anew by the browser: that they are PNGs is all that can be said of all three.
  expect(Buffer.from(image).subarray(1, 4).toString()).toBe('PNG');
  expect(console.opened.errors()).toEqual([]);
});

test('the video of a job that was finished before plays when it is asked to', async () => {
  const prompt = 'a boat leaves the harbour';
  const { id } = await generate(fixture.url, { prompt, resolution: 'R360', videoLength: 1 });
  await watchToEnd(fixture.url, id);
  await using console = await fixture.open();
  const video = console.card(prompt).locator('video');
  expect(await timeOf(video)).toBe(0);
  await video.evaluate((element) => Reflect.get(element, 'play').call(element));
  await plays(video);
});
