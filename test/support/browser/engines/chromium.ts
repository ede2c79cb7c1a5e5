import { chromium } from 'playwright-core';
import { CHROMIUM, requireProgram } from '../../process/programs.ts';
import { CHROMIUM_ARGS } from '../browser.ts';
import { type EnginePage, FILE_INPUT } from './engine-page.ts';

/** Starts the whole Chromium with one page, without a window. Other tests mostly use its engine alone. */
export async function openChromium(): Promise<EnginePage> {
  const browser = await chromium.launch({ executablePath: requireProgram(CHROMIUM), args: CHROMIUM_ARGS });
  const page = await browser.newPage();
  return {
    open: async (url) => {
      await page.goto(url);
    },
    read: async (expression) => String(await page.evaluate(expression)),
    type: (selector, text) => page.locator(selector).first().pressSequentially(text),
    click: (selector) => page.locator(selector).first().click(),
    chooseFile: (path) => page.locator(FILE_INPUT).setInputFiles(path),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
