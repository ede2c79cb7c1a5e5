/**
 * Remembers the last answer of a pure function, for what nearly all requests have in common.
 *
 * @param compute what it throws is not remembered
 */
export function rememberLast<Q, A>(compute: (question: Q) => A): (question: Q) => A {
  let last: { readonly question: Q; readonly answer: A } | undefined;
  return (question) => {
    if (last?.question !== question) last = { question, answer: compute(question) };
    return last.answer;
  };
}
