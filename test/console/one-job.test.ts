import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { jobsWith } from '../support/gateway/generate.ts';
import { fileIn, pngFile } from '../support/browser/page-files.ts';

const fixture = useConsole();

test('a double click, and clicks after its answer, make one job', async () => {
  const prompt = 'a lighthouse at dusk';
  await using console = await fixture.open();
  await console.fillIn({ image: 'https://example.com/lighthouse.png', prompt });
  await console.askForLittle();
  const clicks = ['Your video', 'already'].map((note) => console.generateWhenNoteSays(note));
  await console.generateButton.dblclick();
  await Promise.all(clicks);
  await console.note.getByText(/already/).waitFor();
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
  expect(await console.card(prompt).count()).toBe(1);
});

test('a double click with a file uploads it once and makes one job', async () => {
  const prompt = 'a lighthouse at dawn';
  await using console = await fixture.open();
  await console.page
    .locator('input[type=file]')
    .setInputFiles(fileIn(fixture.folder, 'scene.png', await pngFile()));
  await console.fillIn({ prompt });
  await console.askForLittle();
  const again = console.generateWhenNoteSays('Your video');
  await console.generateButton.dblclick();
  await again;
  await console.note.getByText(/already/).waitFor();
  expect(console.mutations.filter((sent) => sent === `${fixture.url}/graphql`)).toHaveLength(1);
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});

test('other input is another job at once', async () => {
  await using console = await fixture.open();
  await console.askForLittle();
  for (const prompt of ['a red kite', 'a blue kite']) {
    await console.fillIn({ image: 'https://example.com/kite.png', prompt });
    await console.generate();
    await console.card(prompt).waitFor();
  }
  for (const prompt of ['a red kite', 'a blue kite']) {
    expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
  }
});
