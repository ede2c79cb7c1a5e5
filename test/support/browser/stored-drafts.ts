import type { Page } from 'playwright-core';

const READ = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('reelgate-console');
  opening.addEventListener('error', () => reject(opening.error));
  opening.addEventListener('success', () => {
    const reading = opening.result.transaction('drafts').objectStore('drafts').getAll();
    reading.addEventListener('success', () => {
      opening.result.close();
      resolve(reading.result);
    });
  });
})`;

/** The drafts that the console has stored. It stores a change a moment later, and a reload before that loses it. */
export function storedDrafts(page: Page): Promise<unknown> {
  return page.evaluate(READ);
}
