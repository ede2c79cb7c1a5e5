/**
 * Takes the first item of each group, then the second of each, and so on. Within a round the items keep their order.
 *
 * @param limit of the number of items
 */
export function roundRobin<T>(items: readonly T[], groupOf: (item: T) => unknown, limit: number): T[] {
  const counts = new Map<unknown, number>();
  const ranked = items.map((item) => {
    const group = groupOf(item);
    const round = counts.get(group) ?? 0;
    counts.set(group, round + 1);
    return { item, round };
  });
  return ranked
    .toSorted((a, b) => a.round - b.round)
    .slice(0, limit)
    .map(({ item }) => item);
}
