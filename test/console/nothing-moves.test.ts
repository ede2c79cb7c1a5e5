import { expect, test } from 'vitest';
import { useConsole } from '../support/console-fixture.ts';
import { ConsolePage } from '../support/console-page.ts';
import { noteShifts, shiftsOf } from '../support/layout-shifts.ts';
import { generate } from '../support/spawned-gateway.ts';

const fixture = useConsole({ SANDBOX_SPEED: '4' });

/** The upstream takes it, and all that come after it, only after a while: until then they are queued. */
const QUEUED_FIRST =
  'a prompt that is longer than what two lines of a card have room for, so that what is too much of it is cut off ' +
  '[sandbox:rate-limit-retry-after]';
const PROMPTS = [QUEUED_FIRST, 'a meadow', 'a storm [sandbox:content-block]', 'a note [sandbox:lost-answer]'];

test('while jobs go from queued to their ends nothing moves: in lists, wide and narrow, and on a job’s page', async () => {
  const viewport = { width: 390, height: 900 };
  await using wide = await fixture.open({ viewport: { width: 1440, height: 900 } });
  await using narrow = await fixture.open({ viewport });
  const ids: string[] = [];
  for (const prompt of PROMPTS) {
    ids.push((await generate(fixture.url, { prompt, resolution: 'R360', videoLength: 1 })).id);
  }
  await using job = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${ids[0]}`, { viewport });
  await job.page.locator('.badge').waitFor();
  for (const prompt of PROMPTS) await Promise.all([wide, narrow].map((list) => list.card(prompt).waitFor()));
  const consoles = [wide, narrow, job];
  await Promise.all(consoles.map(({ page }) => noteShifts(page)));
  for (const { page } of consoles) {
    expect(await page.locator('.badge', { hasText: 'Queued' }).count()).toBeGreaterThan(0);
  }

  for (const { page } of consoles) {
    await page
      .locator('[data-status=QUEUED], [data-status=PROCESSING]')
      .first()
      .waitFor({ state: 'detached' });
    await page.locator('video').first().waitFor();
    expect(await shiftsOf(page)).toEqual([]);
  }
  expect(await wide.page.locator('.badge').allTextContents()).toEqual(['Failed', 'Failed', 'Ready', 'Ready']);
});
