import type { Page } from 'playwright-core';

/** The sizes of windows in CSS pixels: small and usual phones, a phone in landscape, 200 % zoom of a laptop, a desktop, a wide screen. */
const SIZES = [
  [320, 640],
  [390, 844],
  [844, 390],
  [720, 450],
  [1440, 900],
  [2560, 1300],
] as const;

/** An expression for the faults of a page's layout. */
const FAULTS = `(() => {
  const faults = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  const nameOf = (element) => {
    const name = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40);
    return element.tagName.toLowerCase() + '.' + element.className + ' ' + JSON.stringify(name);
  };
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  const isHiddenVisually = (element) => element.closest('.visually-hidden') !== null;
  if (root.scrollWidth > width) faults.push('The page is ' + root.scrollWidth + ' pixels wide.');
  for (const element of document.body.querySelectorAll('*')) {
    if (!isShown(element) || isHiddenVisually(element)) continue;
    const { left, right } = element.getBoundingClientRect();
    if (left < -1 || right > width + 1) faults.push(nameOf(element) + ' leaves the window: ' + left + ' to ' + right);
    const { overflowX, webkitLineClamp, textOverflow } = getComputedStyle(element);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
    if (hasText && isCut && overflowX !== 'visible' && textOverflow !== 'ellipsis' && webkitLineClamp === 'none')
      faults.push('The text of ' + nameOf(element) + ' is cut.');
  }
  for (const control of document.querySelectorAll('a, button, input, summary, textarea, select')) {
    if (!isShown(control) || isHiddenVisually(control)) continue;
    const box = control.getBoundingClientRect();
    if (control.tagName !== 'A' && (box.width < 24 || box.height < 24) && control.closest('label') === null && control.type !== 'range' && control.className !== 'link')
      faults.push(nameOf(control) + ' is too small: ' + box.width + ' x ' + box.height);
    const x = box.left + box.width / 2;
    const y = box.top + box.height / 2;
    if (y < 0 || y > innerHeight) continue;
    const top = document.elementFromPoint(x, y);
    const isReached = top === null || control.contains(top) || top.contains(control) || top.control === control || [...(control.labels ?? [])].some((label) => label.contains(top));
    if (!isReached) faults.push(nameOf(control) + ' is covered by ' + nameOf(top));
  }
  return [...new Set(faults)];
})()`;

/**
 * What is wrong with the layout of a page in every size of the window, from left to right and from right to left: sideways scrolling, cut
 * texts, controls that are too small to be hit or that are covered.
 */
export async function layoutFaultsIn(page: Page): Promise<readonly string[]> {
  const before = page.viewportSize();
  const all: string[] = [];
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const direction of ['ltr', 'rtl']) {
      await page.evaluate(`document.documentElement.dir = '${direction}'`);
      const faults: readonly string[] = await page.evaluate(FAULTS);
      all.push(...faults.map((fault) => `${width} × ${height} ${direction}: ${fault}`));
    }
  }
  await page.evaluate(`document.documentElement.removeAttribute('dir')`);
  if (before !== null) await page.setViewportSize(before);
  return all;
}

/** Records layout shifts from the start of the page's documents. */
export async function noteLoadShifts(page: Page): Promise<void> {
  await page.addInitScript(`
    globalThis.loadShifts = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        const moved = sources.map(({ node }) => node?.className ?? node?.nodeName ?? 'gone').join(', ');
        if (!hadRecentInput) loadShifts.push({ value, moved });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  `);
}

/** The recorded layout shifts: their sum, and what moved. */
export async function loadShiftsOf(page: Page): Promise<{ readonly sum: number; readonly moved: string }> {
  return page.evaluate(`new Promise((done) => {
    // A shift is reported one frame after it happened.
    requestAnimationFrame(() => requestAnimationFrame(() => done({
      sum: loadShifts.reduce((sum, { value }) => sum + value, 0),
      moved: loadShifts.map(({ value, moved }) => value.toFixed(4) + ' ' + moved).join('; '),
    })));
  })`);
}
