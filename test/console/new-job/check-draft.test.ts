import { expect, test } from 'vitest';
import { issuesOf } from '../../../console/src/new-job/drafts/check-draft.ts';
import type { DraftImage, DraftSettings } from '../../../console/src/new-job/drafts/draft.ts';
import { defaultSettings, MAX_INT } from '../../../console/src/new-job/drafts/draft.ts';

function issues(settings: Partial<DraftSettings> = {}, url: string | null = 'https://example.com/cat.png') {
  const image: DraftImage | null = url === null ? null : { type: 'url', url };
  const all = { ...defaultSettings('7'), prompt: 'waves', ...settings };
  return Object.fromEntries(
    issuesOf({ id: '1', createdAt: 0, image, settings: all, submission: null, isSent: false }),
  );
}

test('a complete draft has no issues', () => {
  expect(issues()).toEqual({});
  expect(issues({ prompt: '𝄞'.repeat(2000) })).toEqual({});
  expect(issues({ seed: ` -${MAX_INT} ` })).toEqual({});
  expect(issues({}, ' https://example.com/cat.png ')).toEqual({});
});

test('all issues are reported together', () => {
  expect(Object.keys(issues({ prompt: ' ', seed: '' }, null))).toEqual(['image', 'prompt', 'seed']);
});

test.each([
  [{ prompt: 'a'.repeat(2001) }, 'prompt', 'It must have at most 2,000 characters; it has 2,001.'],
  [
    { negativePrompt: 'a'.repeat(3000) },
    'negativePrompt',
    'It must have at most 2,000 characters; it has 3,000.',
  ],
  [{ seed: '1.5' }, 'seed', 'It must be a whole number of at most 2,147,483,647.'],
  [{ seed: String(MAX_INT + 1) }, 'seed', 'It must be a whole number of at most 2,147,483,647.'],
  [{ seed: String(MAX_INT), variations: 4 }, 'seed', 'With 4 variations it must be at most 2,147,483,644.'],
] as const)('%o', (settings, field, message) => {
  expect(issues(settings)).toEqual({ [field]: message });
});

test.each(['cat.png', 'ftp://example.com/cat.png', 'data:image/png;base64,AA', ''])(
  'no image URL: %s',
  (url) => {
    expect(Object.keys(issues({}, url))).toEqual(['image']);
  },
);
