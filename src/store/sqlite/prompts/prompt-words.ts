/**
 * Code points of a word that count. With a bound, the index can have an entry for each beginning of a word, and no search reads a range of
 * words.
 */
export const MAX_WORD_LENGTH = 12;

/** In scripts without spaces each letter is a word. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]]+/gv;
/** Accents and similar marks of European scripts. Marks of other scripts are vowels. */
const DIACRITICS = /[\u0300-\u036F]/gu;

/** Letters that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const UNDECOMPOSED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** The different words of a text: in lower case, without diacritics, cut at `MAX_WORD_LENGTH`. All other characters separate words. */
export function wordsOf(text: string): string[] {
  return [...new Set(split(text))];
}

/** Words to search for. */
export interface WordQuery {
  /** Words that a prompt must contain. */
  readonly words: readonly string[];
  /** The last word as typed. A prompt must contain it, or a longer word that begins with it. */
  readonly prefix: string;
}

/** Reads what a user typed. Quotes and operators only separate words. @returns null when the text contains no word */
export function wordQueryOf(text: string): WordQuery | null {
  const all = split(text);
  const prefix = all.at(-1);
  return prefix === undefined ? null : { words: [...new Set(all.slice(0, -1))], prefix };
}

/** Whether a prompt contains all words of a query. */
export function matchesWords(prompt: string, { words, prefix }: WordQuery): boolean {
  const ofPrompt = wordsOf(prompt);
  return words.every((word) => ofPrompt.includes(word)) && ofPrompt.some((word) => word.startsWith(prefix));
}

function split(text: string): string[] {
  const lower = text.normalize('NFKD').replaceAll(DIACRITICS, '').normalize('NFC').toLowerCase();
  const plain = lower.replaceAll(UNDECOMPOSED, (letter) => LETTERS[letter] ?? letter);
  return (plain.match(WORDS) ?? []).map((word) => Array.from(word).slice(0, MAX_WORD_LENGTH).join(''));
}
