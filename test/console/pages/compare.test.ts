import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { timeOf } from '../../support/browser/page-files.ts';
import { generate, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole();

const PROMPT = 'a train passes the station';

async function makeVideo(settings: Readonly<Record<string, unknown>>): Promise<string> {
  const { id } = await generate(fixture.url, { prompt: PROMPT, resolution: 'R360', ...settings });
  await watchToEnd(fixture.url, id);
  return id;
}

function openPair(one: string, other: string): Promise<ConsolePage> {
  return ConsolePage.open(fixture.browser, `${fixture.url}/compare/${one}/${other}`);
}

function timesOf(videos: Locator): Promise<readonly number[]> {
  return videos.evaluateAll((all) => all.map((video) => Number(Reflect.get(video, 'currentTime'))));
}

test('two videos play in step, the shorter one waits for the longer one, and the differences are listed', async () => {
  const [short, long] = await Promise.all([
    makeVideo({ videoLength: 1, seed: 7 }),
    makeVideo({ videoLength: 2, seed: 8 }),
  ]);
  await using console = await openPair(short, long);
  const { page } = console;
  const differences = page.locator('.differences tbody tr');
  await differences.first().waitFor();
  const rows = await differences.evaluateAll((all) =>
    all.map((row) => [...row.childNodes].map(({ textContent }) => textContent)),
  );
  expect(rows.slice(0, 2)).toEqual([
    ['Length', '1 s', '2 s'],
    ['Seed', '7', '8'],
  ]);
  const same = page.getByRole('region', { name: 'What is the same' });
  expect(await same.locator('dt').allTextContents()).toEqual(
    expect.arrayContaining(['Prompt', 'Steps', 'Longest side']),
  );
  expect(await same.getByText(PROMPT).count()).toBe(1);

  const videos = page.locator('video');
  const controls = page.getByRole('group', { name: 'Playback' });
  await controls.getByText(/\/ 2\.\d s/).waitFor();
  await controls.getByRole('button', { name: 'Play' }).click();
  await expect
    .poll(async () => {
      const [one = 0, other = 0] = await timesOf(videos);
      return one > 0.2 && one < 0.9 && Math.abs(one - other) < 0.2;
    })
    .toBe(true);
  // The shorter one waits at its end.
  await expect
    .poll(async () => {
      const [one = 0, other = 0] = await timesOf(videos);
      return one > 0.9 && other > 1.5;
    })
    .toBe(true);
  // Both start again.
  await expect
    .poll(async () => {
      const times = await timesOf(videos);
      return times.every((time) => time < 0.9);
    })
    .toBe(true);
  await controls.getByRole('button', { name: 'Pause' }).click();
  await controls.getByRole('slider', { name: 'Time' }).fill('0.5');
  for (const video of await videos.all()) await expect.poll(() => timeOf(video)).toBeCloseTo(0.5, 1);
  // Only one video fills a screen.
  expect(await controls.getByRole('button', { name: 'Full screen' }).count()).toBe(0);
});

test('a side that is unfinished is live, and a side that does not exist says so', async () => {
  const { id } = await generate(fixture.url, { prompt: `${PROMPT} [sandbox:slow]`, resolution: 'R360' });
  await using console = await openPair(id, 'vj_unknown');
  const first = console.page.getByRole('region', { name: 'First video' });
  await first.getByRole('progressbar').waitFor();
  await console.page
    .getByRole('region', { name: 'Second video' })
    .getByText('This video does not exist, or it was deleted.')
    .waitFor();
  await first.getByText('Ready').waitFor();
  await first.locator('video').waitFor();
  expect(await first.getByRole('progressbar').count()).toBe(0);
});
