import { beforeAll, describe, expect, test } from 'vitest';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { makeEnded, makeJobsOfAllStates, PROMPTS } from '../../support/browser/jobs-of-all-states.ts';
import { layoutFaultsIn, loadShiftsOf, noteLoadShifts } from '../../support/browser/layout.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const LONGEST = 'A boat leaves the harbour. '.repeat(80).slice(0, 2000);
const LONG_WORD = 'Donaudampfschifffahrtsgesellschaft'.repeat(8);
const ARABIC = 'شلال يتدفق ببطء بين الجبال العالية والقمر يطل من خلف السحاب';

let ids: { readonly [name: string]: string };

beforeAll(async () => {
  const [states, longest, longWord, arabic] = await Promise.all([
    makeJobsOfAllStates(fixture.url),
    makeEnded(fixture.url, LONGEST),
    makeEnded(fixture.url, LONG_WORD),
    makeEnded(fixture.url, ARABIC),
  ]);
  ids = { ...states, longest, longWord, arabic };
});

/** Every page, in every state that it has for long. */
const PAGES: readonly (readonly [string, () => string, (console: ConsolePage) => Promise<unknown>])[] = [
  ['the list', () => '/', ({ page }) => page.getByText(ARABIC).waitFor()],
  ['the form with errors and its settings open', () => '/', openErrors],
  ['an unknown page', () => '/nothing/here', ({ page }) => page.getByText('Page not found').waitFor()],
  ['an unknown job', () => '/jobs/vj_unknown', ({ page }) => page.getByText('does not exist').waitFor()],
  ...['queued', 'inProgress', 'ready', 'failed', 'failedRetryable', 'longest', 'longWord', 'arabic'].map(
    (name) => [`the page of a job: ${name}`, () => `/jobs/${ids[name]}`, hasBadge] as const,
  ),
  ['two videos', () => `/compare/${ids['ready']}/${ids['longWord']}`, hasBadge],
  ['two failures', () => `/compare/${ids['failed']}/${ids['failedRetryable']}`, hasBadge],
  ['a video beside an unknown one', () => `/compare/${ids['inProgress']}/vj_unknown`, hasBadge],
];

function hasBadge({ page }: ConsolePage): Promise<void> {
  return page.locator('.badge').first().waitFor();
}

async function openErrors(console: ConsolePage): Promise<void> {
  await console.page.getByText('More settings').click();
  await console.fillIn({ image: 'ftp://example.com/cat.png', prompt: ' ' });
  await console.generate();
  await console.page.locator('[aria-invalid=true]').first().waitFor();
}

describe.each(PAGES)('%s', (_, path, arrive) => {
  test('fits into every window, in both directions, and axe finds nothing', async () => {
    await using console = await ConsolePage.open(fixture.browser, fixture.url + path(), {
      reducedMotion: 'reduce',
    });
    await arrive(console);
    expect(await layoutFaultsIn(console.page)).toEqual([]);
    expect(await violationsInAllLooks(console.page)).toEqual([]);
  });
});

test.each([
  ['the list', () => '/'],
  ['a job', () => `/jobs/${ids['ready']}`],
  ['two videos', () => `/compare/${ids['ready']}/${ids['longWord']}`],
])('%s shifts at most by 0.05 while it is loaded, on a phone and on a desktop', async (_, path) => {
  for (const width of [390, 1440]) {
    await using opened = await fixture.browser.open({ viewport: { width, height: 844 } });
    await noteLoadShifts(opened.page);
    await opened.page.goto(fixture.url + path());
    await opened.page.locator('video').first().waitFor();
    await new ConsolePage(opened).live();
    const { sum, moved } = await loadShiftsOf(opened.page);
    expect({ isSmall: sum <= 0.05, moved }).toEqual({ isSmall: true, moved: expect.any(String) });
  }
});

test('with forced colours, states that are shown by colours are still different', async () => {
  await using console = await fixture.open({ forcedColors: 'active' });
  const { page } = console;
  await console.card(PROMPTS.inProgress).locator('[aria-valuenow]').waitFor();
  await page.getByText('More settings').click();
  const colours = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => {
        const style: unknown = Reflect.get(globalThis, 'getComputedStyle').call(globalThis, element);
        return String(Reflect.get(Object(style), 'backgroundColor'));
      });
  expect(await colours('.progress-bar')).not.toBe(await colours('.progress-track'));
  const chosen = await colours('.choices input:checked + span');
  expect(chosen).not.toBe(await colours('.choices input:not(:checked) + span'));
});
