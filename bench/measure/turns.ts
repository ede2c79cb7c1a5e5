/**
 * The order of the contestants in a round: each round starts with another one, and every other round is reversed. Otherwise the
 * deferred work of one contestant, such as a garbage collection, would always disturb the same others.
 */
export function inTurn<T>(contestants: readonly T[], round: number): T[] {
  const first = round % contestants.length;
  const order = [...contestants.slice(first), ...contestants.slice(0, first)];
  const [leader, ...others] = order;
  if (round % 2 === 0 || leader === undefined) return order;
  return [leader, ...others.toReversed()];
}
