import puppeteer from 'puppeteer-core';
import { FIREFOX, requireProgram } from '../../process/programs.ts';
import { type EnginePage, FILE_INPUT } from './engine-page.ts';

/** Starts a headless Firefox with one page, by WebDriver BiDi. */
export async function openFirefox(): Promise<EnginePage> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: requireProgram(FIREFOX),
    headless: true,
    defaultViewport: { width: 1280, height: 900 },
  });
  const page = await browser.newPage();
  return {
    open: async (url) => {
      await page.goto(url);
    },
    read: async (expression) => String(await page.evaluate(expression)),
    type: (selector, text) => page.type(selector, text),
    click: (selector) => page.click(selector),
    chooseFile: async (path) => {
      const input = await page.$(FILE_INPUT);
      if (input === null) throw new Error('The page has no file input.');
      await input.uploadFile(path);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
