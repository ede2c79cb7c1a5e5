/**
 * The order in which contestants take their turns in a round: another one first in each, and every other round backwards.
 * What one leaves to do when it is idle again, such as a collection, would else always fall on the same others.
 */
export function inTurn<T>(contestants: readonly T[], round: number): T[] {
  const first = round % contestants.length;
  const order = [...contestants.slice(first), ...contestants.slice(0, first)];
  const [leader, ...others] = order;
  if (round % 2 === 0 || leader === undefined) return order;
  return [leader, ...others.toReversed()];
}
