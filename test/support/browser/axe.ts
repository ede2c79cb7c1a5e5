import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** The accessibility violations of a page, each with its elements. Sizes of targets are checked too, which axe does not by itself. */
export async function violationsIn(page: Page): Promise<readonly string[]> {
  // The page's Content-Security-Policy forbids script elements, but not the browser's own evaluation.
  await page.evaluate(`globalThis.axe ?? (() => { ${axe.source} })()`);
  const violations: readonly Violation[] = await page.evaluate(
    `axe.run({ resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then(({ violations }) =>
      violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => ({ target })) })))`,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.flatMap(({ target }) => target).join(', ')}`);
}

/** Every colour scheme and every width, each once: contrasts depend on the one, sizes on the other. */
const LOOKS = [
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 1440 },
] as const;

/** The violations of the page in both colour schemes and widths. */
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
