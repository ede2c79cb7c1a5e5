import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { generate } from '../support/gateway/spawned-gateway.ts';
import { plays, timeOf } from '../support/browser/page-files.ts';

const fixture = useConsole({ SANDBOX_SPEED: '4' });

/** How many animations run on an element. */
function running(element: Locator): Promise<number> {
  return element.evaluate((node) => {
    const animations: { readonly playState: string }[] = Reflect.get(node, 'getAnimations').call(node);
    return animations.filter(({ playState }) => playState === 'running').length;
  });
}

test.each([
  ['no-preference', 1],
  ['reduce', 0],
] as const)('where motion is %s, animations that run on a bar: %i', async (reducedMotion, animations) => {
  const prompt = `a river without an end, ${reducedMotion} [sandbox:endless]`;
  await generate(fixture.url, { prompt });
  await using console = await fixture.open({ reducedMotion });
  const bar = console.card(prompt).locator('.progress-bar');
  // The estimate of its end comes with the upstream's word that it has it.
  await console.card(prompt).locator('[aria-valuenow]').waitFor();
  expect(await running(bar)).toBe(animations);
  // It is there in any case, as far as the job is.
  expect(await bar.getAttribute('style')).toMatch(/scaleX\(0\.\d+\)/);
});

test('a video that was wished for here plays by itself once it is there', async () => {
  const prompt = 'a swing';
  await using console = await fixture.open();
  await console.fillIn({ image: 'https://example.com/swing.png', prompt });
  await console.askForLittle();
  await console.generate();
  const video = console.card(prompt).locator('video');
  await plays(video);
  expect(await video.getAttribute('autoplay')).toBe('');
});

test('where less motion is wanted no video plays by itself', async () => {
  const prompt = 'a carousel';
  await using console = await fixture.open({ reducedMotion: 'reduce' });
  await console.fillIn({ image: 'https://example.com/carousel.png', prompt });
  await console.askForLittle();
  await console.generate();
  const video = console.card(prompt).locator('video');
  await video.waitFor();
  await expect.poll(() => video.evaluate((node) => Number(Reflect.get(node, 'readyState')))).toBe(4);
  expect(await video.evaluate((node) => Reflect.get(node, 'paused') === true)).toBe(true);
  expect(await timeOf(video)).toBe(0);
});

test('a bar that waits breathes, but not where less motion is wanted', async () => {
  const prompt = 'a waiting room [sandbox:down]';
  await generate(fixture.url, { prompt });
  for (const [reducedMotion, animations] of [
    ['no-preference', 1],
    ['reduce', 0],
  ] as const) {
    await using console = await fixture.open({ reducedMotion });
    expect(await running(console.card(prompt).getByRole('progressbar'))).toBe(animations);
  }
});

test('what happens to a job is said to who does not see it', async () => {
  const prompt = 'a violin';
  await using console = await fixture.open();
  const { page } = console;
  await page.evaluate(`
    globalThis.said = [];
    new MutationObserver(() => said.push(document.querySelector('[aria-live]').textContent))
      .observe(document.querySelector('[aria-live]'), { childList: true, characterData: true, subtree: true });
  `);
  await console.fillIn({ image: 'https://example.com/violin.png', prompt });
  await console.askForLittle();
  await console.generate();
  const region = page.getByRole('status').filter({ hasText: `The video is ready: ${prompt}` });
  await region.waitFor({ state: 'attached' });
  expect(await region.getAttribute('aria-live')).toBe('polite');
  const said: readonly string[] = await page.evaluate('said');
  expect([said[0], said.at(-1)]).toEqual(['Your video is on its way.', `The video is ready: ${prompt}`]);
  // Nothing twice, and of what is between nothing but the beginning, where the upstream was seen at it.
  expect(said.slice(1, -1).filter((words) => words !== `In progress: ${prompt}`)).toEqual([]);
  expect(new Set(said).size).toBe(said.length);
});
