import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** What a page has in it that shuts people out: each serious or critical violation with the elements that have it. */
export async function violationsIn(page: Page): Promise<readonly string[]> {
  // The page's policy forbids scripts in the page; the browser's own way in is not held back by it.
  await page.evaluate(axe.source);
  const violations: readonly Violation[] = await page.evaluate(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ target }) => ({ target })) })))`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.flatMap(({ target }) => target).join(', ')}`);
}

/** The ways in which people look at the page. */
export const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1440, 390].map((width) => ({ colorScheme, width })),
);

/** The violations in each look of the page as it stands, none of which are expected anywhere. */
export async function violationsInAllLooks(page: Page): Promise<readonly string[]> {
  const all: string[] = [];
  for (const { colorScheme, width } of LOOKS) {
    // Without motion, or else colours are measured while they change.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    const found = await violationsIn(page);
    all.push(...found.map((violation) => `${colorScheme} ${width}: ${violation}`));
  }
  return all;
}
