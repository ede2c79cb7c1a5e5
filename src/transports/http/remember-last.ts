/**
 * Remembers the last answer of a pure function, for what nearly all requests have in common.
 *
 * @param compute what it throws is not remembered
 */
export function rememberLast<T>(compute: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly answer: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, answer: compute(text) };
    return last.answer;
  };
}
