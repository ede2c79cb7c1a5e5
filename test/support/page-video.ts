import type { Locator } from 'playwright-core';
import { expect } from 'vitest';

/** Waits until a video is played: its time goes on. */
export async function plays(video: Locator): Promise<void> {
  await video.waitFor();
  await expect.poll(() => timeOf(video), { timeout: 10_000 }).toBeGreaterThan(0);
  const before = await timeOf(video);
  await expect.poll(() => timeOf(video), { timeout: 10_000 }).not.toBe(before);
}

/** Where a video is, in seconds. */
export function timeOf(video: Locator): Promise<number> {
  return video.evaluate((element) => Number(Reflect.get(element, 'currentTime')));
}
