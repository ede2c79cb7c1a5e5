import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { expect } from 'vitest';

/** A PNG of one colour. */
export async function pngFile(): Promise<Buffer> {
  const background = { r: 90, g: 140, b: 210 };
  return sharp({ create: { width: 96, height: 64, channels: 3, background } })
    .png()
    .toBuffer();
}

/** Drops a file onto an element as the system's file manager does: the browser itself dispatches the events. */
export async function dropFile(page: Page, target: Locator, path: string): Promise<void> {
  const box = await target.boundingBox();
  if (box === null) throw new Error('The drop target has no box: it is not visible.');
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await session.detach();
}

/** Puts a PNG into the clipboard and presses Ctrl+V. */
export async function pastePng(page: Page, bytes: Buffer): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (character) => character.codePointAt(0));
    const image = new Blob([bytes], { type: 'image/png' });
    return navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
  })()`);
  await page.keyboard.press('ControlOrMeta+V');
}

/** Writes a file to be dropped. @returns its path */
export function fileIn(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/**
 * Waits until a video plays: its time advances, or it has come to its end, because what starts by itself plays once. In lists, videos
 * outside of the window do not play.
 */
export async function plays(video: Locator): Promise<void> {
  await video.scrollIntoViewIfNeeded();
  await expect.poll(() => timeOf(video), { timeout: 30_000 }).toBeGreaterThan(0);
  const before = await timeOf(video);
  const hasAdvanced = async (): Promise<boolean> =>
    (await isEnded(video)) || (await timeOf(video)) !== before;
  await expect.poll(hasAdvanced, { timeout: 30_000 }).toBe(true);
}

/** Whether a video stands at its end. */
export function isEnded(video: Locator): Promise<boolean> {
  return video.evaluate((element) => Reflect.get(element, 'ended') === true);
}

/** A video's current time, in seconds. */
export function timeOf(video: Locator): Promise<number> {
  return video.evaluate((element) => Number(Reflect.get(element, 'currentTime')));
}
