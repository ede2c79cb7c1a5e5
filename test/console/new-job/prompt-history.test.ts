import { expect, test } from 'vitest';
import { MAX_PROMPTS, PromptHistory } from '../../../console/src/new-job/drafts/prompt-history.ts';

/** A storage of the browser. */
function storageOf(items = new Map<string, string>()) {
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

test('the newest prompt comes first, without repetitions, also after a reload', () => {
  const storage = storageOf();
  const history = new PromptHistory(storage);
  for (const prompt of ['one', 'two', 'one']) history.add(prompt);
  expect(history.prompts.get()).toEqual(['one', 'two']);
  expect(new PromptHistory(storage).prompts.get()).toEqual(['one', 'two']);
});

test('it keeps 50 prompts, and after clear none', () => {
  const storage = storageOf();
  const history = new PromptHistory(storage);
  for (let number = 0; number < MAX_PROMPTS + 5; number++) history.add(String(number));
  expect(history.prompts.get()).toHaveLength(MAX_PROMPTS);
  expect(history.prompts.get()[0]).toBe(String(MAX_PROMPTS + 4));
  history.clear();
  expect(history.prompts.get()).toEqual([]);
  expect(storage.items.size).toBe(0);
});

test.each(['no JSON', '{"a":1}', '[1, null]'])(
  'a stored value that is no list of texts is ignored: %s',
  (text) => {
    expect(new PromptHistory(storageOf(new Map([['reelgate-prompts', text]]))).prompts.get()).toEqual([]);
  },
);

test('without a storage, or with one that throws, it lasts until the page is closed', () => {
  const full = {
    ...storageOf(),
    setItem: () => {
      throw new Error('The quota is exceeded.');
    },
  };
  for (const storage of [null, full]) {
    const history = new PromptHistory(storage);
    history.add('one');
    expect(history.prompts.get()).toEqual(['one']);
  }
});
