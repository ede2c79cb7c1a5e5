import { shorten } from '../transports/deliveries.ts';

/**
 * Compares a value with a pattern. An object names the fields that count, and a list has all items in order. `/text/` is a regular
 * expression, `{ $above: n }` any higher number, `{ $contains: pattern }` any list with such an item.
 *
 * @param path names the value in the faults
 * @returns a sentence for each fault
 */
export function faultsOf(pattern: unknown, value: unknown, path: string): string[] {
  if (typeof pattern === 'string' && /^\/.*\/$/s.test(pattern)) {
    const matches = typeof value === 'string' && new RegExp(pattern.slice(1, -1)).test(value);
    return matches ? [] : [`${path} is ${shorten(value)}, which does not match ${pattern}.`];
  }
  if (Array.isArray(pattern)) return faultsOfList(pattern, value, path);
  if (typeof pattern !== 'object' || pattern === null) {
    return pattern === value ? [] : [`${path} is ${shorten(value)}, not ${shorten(pattern)}.`];
  }
  const entries = Object.entries(pattern);
  const [[name, wanted] = []] = entries;
  if (name === '$above') {
    const isAbove = typeof value === 'number' && value > Number(wanted);
    return isAbove ? [] : [`${path} is ${shorten(value)}, which is not above ${shorten(wanted)}.`];
  }
  if (name === '$contains') {
    const items: unknown[] = Array.isArray(value) ? value : [];
    const isIn = items.some((item) => faultsOf(wanted, item, path).length === 0);
    return isIn ? [] : [`${path} contains nothing like ${shorten(wanted)}: ${shorten(value)}.`];
  }
  if (typeof value !== 'object' || value === null) return [`${path} is ${shorten(value)}, not an object.`];
  const fields = new Map<string, unknown>(Object.entries(value));
  return entries.flatMap(([key, part]) => faultsOf(part, fields.get(key), `${path}.${key}`));
}

function faultsOfList(pattern: readonly unknown[], value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [`${path} is ${shorten(value)}, not a list.`];
  if (value.length !== pattern.length) {
    return [`${path} has ${value.length} items, not ${pattern.length}: ${shorten(value)}.`];
  }
  return pattern.flatMap((item, index) => faultsOf(item, value[index], `${path}.${index}`));
}
