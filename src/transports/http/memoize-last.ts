/**
 * Memoizes a pure function for its last argument: most requests have the same headers.
 *
 * @param compute exceptions are not kept
 */
export function memoizeLast<T>(compute: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: compute(text) };
    return last.result;
  };
}
