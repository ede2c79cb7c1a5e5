import type { Page } from 'playwright-core';

/** Begins to note what moves on a page of itself, from now on. */
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

/** What has moved since: how far, and which elements. */
export async function shiftsOf(page: Page): Promise<readonly string[]> {
  const shifts: readonly string[] = await page.evaluate(`new Promise((done) => {
    // A shift is reported with the frame that it came in.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shiftObserver.takeRecords().forEach(describeShift);
      done(shifts);
    }));
  })`);
  return shifts;
}
