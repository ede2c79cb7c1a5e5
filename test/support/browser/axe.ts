import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** The serious and critical accessibility violations of a page, each with its elements. */
export async function violationsIn(page: Page): Promise<readonly string[]> {
  // The page's Content-Security-Policy forbids script elements, but not the browser's own evaluation.
  await page.evaluate(axe.source);
  const violations: readonly Violation[] = await page.evaluate(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ target }) => ({ target })) })))`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.flatMap(({ target }) => target).join(', ')}`);
}

/** Colour schemes and widths. */
export const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1440, 390].map((width) => ({ colorScheme, width })),
);

/** The violations of the page in every colour scheme and width. */
export async function violationsInAllLooks(page: Page): Promise<readonly string[]> {
  const all: string[] = [];
  for (const { colorScheme, width } of LOOKS) {
    // Motion is off, or colours would be measured during a transition.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    const found = await violationsIn(page);
    all.push(...found.map((violation) => `${colorScheme} ${width}: ${violation}`));
  }
  return all;
}
