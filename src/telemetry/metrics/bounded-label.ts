/** The value of a label that stands for all others. */
const OTHER = 'other';

/**
 * Bounds the number of different values of a label, and with it the number of series: the first values are kept, all later ones become
 * `other`. The events say which of their texts are bounded; this holds when a client finds a way around that.
 *
 * @param limit of the number of values
 */
export function boundedLabel(limit: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit) return OTHER;
    known.add(value);
    return value;
  };
}
