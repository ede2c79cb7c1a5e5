import { startSandbox } from '@reelgate/sandbox';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { generate } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';

/** The upstream starts when all pages are ready, so until then every job is queued, even on a slow machine. */
const upstreamPort = await freePort();
const upstream = `http://127.0.0.1:${upstreamPort}`;

const fixture = useConsole({
  SEGMIND_API_KEY: 'SG_test',
  SEGMIND_BASE_URL: upstream,
  SEGMIND_HISTORY_URL: `${upstream}/inference-request/request-history`,
  SEGMIND_RPM: '0',
  SEGMIND_TIMEOUT_MS: '3000',
});

/** The upstream accepts this job only after a while, so it and all later jobs stay queued. */
const QUEUED_FIRST =
  'a prompt that is longer than what two lines of a card have room for, so that what is too much of it is cut off ' +
  '[sandbox:rate-limit-retry-after]';
/** Queued until the gateway finds it in the request history after a timeout. */
const FOUND = 'a note [sandbox:no-answer]';
const PROMPTS = [QUEUED_FIRST, FOUND, 'a meadow', 'a storm [sandbox:content-block]'];

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 900 };

test('no layout shifts while jobs go from queued to their end, in wide and narrow lists and on job pages', async () => {
  await using wide = await fixture.open({ viewport: WIDE });
  await using narrow = await fixture.open({ viewport: NARROW });
  await using done = await fixture.open({ viewport: WIDE });
  await using found = await fixture.open({ viewport: WIDE });
  for (const prompt of PROMPTS) await generate(fixture.url, { prompt, resolution: 'R360', videoLength: 1 });
  await done.card(QUEUED_FIRST).getByRole('link').click();
  await found.card(FOUND).getByRole('link').click();
  for (const { page } of [done, found]) await page.locator('.job').waitFor();
  for (const prompt of PROMPTS) await Promise.all([wide, narrow].map((list) => list.card(prompt).waitFor()));
  const pages = [wide, narrow, done, found].map(({ page }) => page);
  await Promise.all(pages.map(noteShifts));
  for (const page of pages) {
    expect(await page.locator('.badge', { hasText: 'Queued' }).count()).toBeGreaterThan(0);
  }
  await using resources = new AsyncDisposableStack();
  resources.use(await startSandbox({ folder: fixture.folder, port: upstreamPort, speed: 4 }));

  for (const page of pages) {
    await page
      .locator('[data-status=QUEUED], [data-status=PROCESSING]')
      .first()
      .waitFor({ state: 'detached', timeout: 50_000 });
    expect(await shiftsOf(page)).toEqual([]);
  }
  expect(await wide.page.locator('.badge').allTextContents()).toEqual(['Failed', 'Ready', 'Ready', 'Ready']);
});

/** Starts recording layout shifts of a page. */
export async function noteShifts(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.shifts = [];
    globalThis.describeShift = ({ value, hadRecentInput, sources }) => {
      const moved = sources.map(({ node }) => node?.className ?? node?.nodeName ?? 'gone');
      if (!hadRecentInput) shifts.push(value.toFixed(4) + ' ' + moved.join(', '));
    };
    globalThis.shiftObserver = new PerformanceObserver((list) => list.getEntries().forEach(describeShift));
    shiftObserver.observe({ type: 'layout-shift' });
  `);
}

/** The recorded layout shifts: the distance and the elements. */
export async function shiftsOf(page: Page): Promise<readonly string[]> {
  const shifts: readonly string[] = await page.evaluate(`new Promise((done) => {
    // A shift is reported one frame after it happened.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shiftObserver.takeRecords().forEach(describeShift);
      done(shifts);
    }));
  })`);
  return shifts;
}
