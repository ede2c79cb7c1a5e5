import type { Page } from 'playwright-core';

/** Runs the document of the open tab. */
export async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Execute query/ }).click();
}

/** Replaces the text of the variables editor. */
export async function writeVariables(page: Page, variables: object): Promise<void> {
  const editor = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden)');
  await editor.filter({ hasText: 'paste the id' }).click();
  await page.keyboard.press('ControlOrMeta+A');
  const text = JSON.stringify(variables);
  await page.keyboard.insertText(text);
  // The editor inserts closing quotes and brackets behind the cursor.
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Delete');
  await editor.getByText(text, { exact: true }).waitFor();
}

/** Waits until the response matches a pattern. @returns its first group */
export async function shown(page: Page, pattern: RegExp): Promise<string> {
  const answer = page.locator('.graphiql-response');
  await answer.filter({ hasText: pattern }).waitFor();
  return pattern.exec(await answer.innerText())?.[1] ?? '';
}
