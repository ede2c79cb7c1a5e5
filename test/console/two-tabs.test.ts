import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { ConsolePage } from '../support/browser/console-page.ts';
import { generate, watchToEnd } from '../support/gateway/spawned-gateway.ts';
import { plays } from '../support/browser/page-files.ts';

const fixture = useConsole({ SANDBOX_SPEED: '2' });

test('a job made in one tab is in the other’s list, and on its own page, live to the end', async () => {
  const prompt = 'clouds over the hills';
  await using first = await fixture.open();
  await using second = await fixture.open();
  await first.fillIn({ image: 'https://example.com/hills.png', prompt });
  await first.generate();
  await second.card(prompt).waitFor();

  const page = await ConsolePage.openTab(first, `${fixture.url}/jobs/${await second.idOf(prompt)}`);
  await page.getByRole('heading', { name: prompt }).waitFor();
  const badges = [first.card(prompt), second.card(prompt), page.getByRole('article')].map((place) =>
    place.locator('.badge'),
  );
  for (const status of ['In progress', 'Ready']) {
    await Promise.all(badges.map((badge) => badge.getByText(status).waitFor()));
  }

  // The page is opened to see the video; in the list of a tab that did not ask for it nothing starts to move.
  await plays(page.locator('video'));
  await second.card(prompt).locator('video').waitFor();
  expect(await second.card(prompt).locator('video').getAttribute('autoplay')).toBeNull();
});

test('a job’s page that is opened when it is over shows its end, and one that is unknown says so', async () => {
  const prompt = 'a plain in the sun';
  const { id } = await generate(fixture.url, { prompt, resolution: 'R360', videoLength: 1 });
  await watchToEnd(fixture.url, id);
  await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${id}`);
  await console.page.locator('video').waitFor();
  expect(await console.page.locator('.badge').textContent()).toBe('Ready');
  await console.page.getByRole('link', { name: 'All videos' }).click();
  await console.card(prompt).getByRole('link').click();
  await console.page.getByRole('heading', { name: prompt }).waitFor();

  await console.page.goto(`${fixture.url}/jobs/vj_unknown`);
  await console.page.getByText('There is no such video, or it is no longer kept.').waitFor();
});
