import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';
import { generate, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const PHONE = { width: 390, height: 844 };

async function boxOf(element: Locator) {
  const box = await element.boundingBox();
  if (box === null) throw new Error('The element has no box: it is not visible.');
  return { top: box.y, bottom: box.y + box.height, left: box.x, right: box.x + box.width };
}

test('the cards of variations tell their seeds, on one line', async () => {
  const prompt = 'a choir of frogs';
  for (const seed of [2_147_483_640, 2_147_483_641]) {
    const { id } = await generate(fixture.url, { prompt, seed, resolution: 'R360', videoLength: 1 });
    await watchToEnd(fixture.url, id);
  }
  await using console = await fixture.open({ viewport: PHONE });
  await console.card(prompt).nth(1).waitFor();
  const facts = console.card(prompt).locator('.card-facts');
  expect(await facts.allTextContents()).toEqual([
    expect.stringMatching(/^Seed 2147483641 · took \d+ s · \d+ kB$/),
    expect.stringMatching(/^Seed 2147483640 · took \d+ s · \d+ kB$/),
  ]);
  const { top, bottom } = await boxOf(facts.first());
  expect(bottom - top).toBeLessThan(25);
});

test('the reason of a failure does not lie over the picture', async () => {
  const prompt = 'a loud parrot [sandbox:content-block]';
  await makeEnded(fixture.url, prompt);
  await using console = await fixture.open();
  await console.card(prompt).getByText('The video could not be made').waitFor();
  expect(await console.card(prompt).locator('img').count()).toBe(0);
});

describe('the menu of a card', () => {
  test.each([
    ['a phone', PHONE],
    ['a desktop', { width: 1440, height: 900 }],
    ['a zoomed window', { width: 720, height: 450 }],
  ])('is in the window of %s, and below its button where there is room', async (_, viewport) => {
    await makeEnded(fixture.url, 'a parrot');
    await using console = await fixture.open({ viewport });
    const { page } = console;
    const button = page.getByRole('article').first().getByRole('button', { name: 'More actions' });
    const menu = page.locator('.menu:popover-open');
    for (const block of ['start', 'center', 'end'] as const) {
      await button.evaluate(
        (element, place) => Reflect.get(element, 'scrollIntoView').call(element, { block: place }),
        block,
      );
      await button.press('Enter');
      await menu.getByRole('button', { name: 'Delete…' }).waitFor();
      const [of, box] = [await boxOf(button), await boxOf(menu)];
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.bottom).toBeLessThanOrEqual(viewport.height);
      expect(box.right).toBeLessThanOrEqual(viewport.width);
      // It covers nothing of its own button.
      expect(box.top >= of.bottom || box.bottom <= of.top).toBe(true);
      const hasRoom = viewport.height - of.bottom > box.bottom - box.top + 12;
      expect({ hasRoom, isBelow: hasRoom && box.top >= of.bottom }).toEqual({ hasRoom, isBelow: hasRoom });
      await page.keyboard.press('Escape');
    }
  });
});

test('the controls of the list are in one row on a phone', async () => {
  await using console = await fixture.open({ viewport: PHONE });
  const tops: number[] = [];
  for (const control of await console.page.locator('.list-tools > *').all()) {
    tops.push((await boxOf(control)).top);
  }
  expect(tops).toHaveLength(3);
  expect(new Set(tops).size).toBe(1);
});

test('the arrow of the way back points against the direction of the text', async () => {
  await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/vj_unknown`);
  const arrow = (): Promise<string> =>
    console.page.evaluate(`getComputedStyle(document.querySelector('.back'), '::before').content`);
  await console.page.getByRole('link', { name: 'All videos' }).waitFor();
  expect(await arrow()).toContain('←');
  await console.page.evaluate(`document.documentElement.dir = 'rtl'`);
  expect(await arrow()).toContain('→');
});
