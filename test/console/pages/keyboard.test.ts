import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { jobsWith } from '../../support/gateway/generate.ts';

const fixture = useConsole();

interface Focus {
  /** Its accessible name, approximately. */
  readonly name: string;
  /** Whether its outline, or that of its label, is drawn, not clipped, and inside the window. */
  readonly visible: boolean;
}

/** An expression for the focused element and whether its focus is visible. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const isOutlined = (one) => {
    const { outlineStyle, outlineWidth, outlineOffset, opacity } = getComputedStyle(one);
    if (outlineStyle === 'none' || outlineWidth === '0px' || opacity === '0') return false;
    const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset) - 1;
    const { left, top, right, bottom, width, height } = one.getBoundingClientRect();
    if (width < 4) return false;
    for (let cut = one.parentElement; cut !== document.body; cut = cut.parentElement) {
      const { overflow, contain } = getComputedStyle(cut);
      if (overflow === 'visible' && contain === 'none') continue;
      const box = cut.getBoundingClientRect();
      if (left - reach < box.left || top - reach < box.top) return false;
      if (right + reach > box.right || bottom + reach > box.bottom) return false;
    }
    // In a text area the browser scrolls only the caret's line into view.
    return Math.min(bottom, innerHeight) - Math.max(top, 0) >= Math.min(24, height);
  };
  // Inside a video's controls the browser draws its own outline.
  const isControl = element.tagName === 'VIDEO' && !element.matches(':focus');
  const shown = [element, element.nextElementSibling].filter((one) => one !== null);
  const name = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
  return { name: name.trim(), visible: isControl || shown.some(isOutlined) };
})()`;

function focus(page: Page): Promise<Focus> {
  return page.evaluate(FOCUS);
}

/** Presses a key until the element with this name has the focus, which must be visible at every step. */
async function pressTo(page: Page, key: string, name: string | RegExp): Promise<void> {
  const way: string[] = [];
  for (let steps = 0; steps < 40; steps++) {
    await page.keyboard.press(key);
    const now = await focus(page);
    way.push(now.name);
    expect(now).toEqual({ name: now.name, visible: true });
    if (typeof name === 'string' ? now.name.startsWith(name) : name.test(now.name)) return;
  }
  throw new Error(`${String(name)} was not reached: ${way.join(' > ')}`);
}

test('a video can be submitted and opened by keyboard alone, with the focus always visible', async () => {
  const prompt = 'a paper plane';
  await using console = await fixture.open();
  const { page } = console;
  await pressTo(page, 'Tab', 'or an image URL');
  await page.keyboard.type('https://example.com/plane.png');
  await pressTo(page, 'Tab', 'Prompt');
  await page.keyboard.type(prompt);
  await pressTo(page, 'Tab', 'More settings');
  await page.keyboard.press('Enter');
  await pressTo(page, 'Tab', '480');
  await page.keyboard.press('ArrowRight');
  expect(await focus(page)).toEqual({ name: '576', visible: true });
  await pressTo(page, 'Tab', 'Length');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await pressTo(page, 'Tab', 'Steps');
  await page.keyboard.press('Home');
  await pressTo(page, 'Tab', 'Keep for the next video');
  await page.keyboard.press('Space');
  await page.keyboard.press('Space');
  await pressTo(page, 'Shift+Tab', 'Prompt');
  await page.keyboard.press('Control+Enter');

  await console.card(prompt).getByText('Ready').waitFor();
  expect(await jobsWith(fixture.url, prompt)).toMatchObject([
    {
      request: {
        image: 'https://example.com/plane.png',
        resolution: 'R576',
        videoLength: 1,
        steps: 10,
        base64: false,
      },
    },
  ]);
  await pressTo(page, 'Tab', `Details: ${prompt}`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: prompt }).waitFor();
  await pressTo(page, 'Shift+Tab', 'All videos');
  await page.keyboard.press('Enter');
  await console.card(prompt).waitFor();
});

test('Ctrl+Enter on an invalid form focuses the first invalid field', async () => {
  await using console = await fixture.open();
  await console.fillIn({ prompt: 'no image' });
  await console.page.keyboard.press('Control+Enter');
  await console.imageField.getByText('Choose an image, or give the URL of one.').waitFor();
  await expect.poll(() => focus(console.page)).toEqual({ name: 'or an image URL', visible: true });
});

test('files can be chosen by keyboard', async () => {
  await using console = await fixture.open();
  const choose = async () => {
    await pressTo(console.page, 'Tab', 'Choose files');
    await console.page.keyboard.press('Space');
  };
  // Waiting starts well before the key: the browser enables the event asynchronously.
  const [chooser] = await Promise.all([console.page.waitForEvent('filechooser'), choose()]);
  expect(chooser.isMultiple()).toBe(true);
});
