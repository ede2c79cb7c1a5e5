import { createHash } from 'node:crypto';

/** The values that steps have saved, and those of the run. */
export type Scope = ReadonlyMap<string, unknown>;

/**
 * Fills in the values of data: `$job.id` is a path of the scope, `{ $repeat: [text, times] }`, `{ $join: [text, …] }` and `{ $sha256: text }`
 * are texts, `{ $list: [item, times] }` is a list, and `{ $inSeconds: 2 }` is a time.
 *
 * @throws Error when the scope lacks a name
 */
export function valueOf(data: unknown, scope: Scope): unknown {
  if (typeof data === 'string') return data.startsWith('$') ? saved(data.slice(1), scope) : data;
  if (Array.isArray(data)) return data.map((item) => valueOf(item, scope));
  if (typeof data !== 'object' || data === null) return data;
  const entries = Object.entries(data);
  const [[name, given] = []] = entries;
  if (name === '$repeat' || name === '$list') {
    const [item, times] = pairOf(given);
    if (name === '$list') return Array.from({ length: times }, () => item);
    return String(item).repeat(times);
  }
  if (name === '$inSeconds') return new Date(Date.now() + Number(given) * 1000).toISOString();
  if (name === '$join' && Array.isArray(given)) return given.map((part) => valueOf(part, scope)).join('');
  if (name === '$sha256')
    return createHash('sha256')
      .update(String(valueOf(given, scope)))
      .digest('hex');
  return Object.fromEntries(entries.map(([key, value]) => [key, valueOf(value, scope)]));
}

function pairOf(given: unknown): [item: unknown, times: number] {
  if (!Array.isArray(given) || given.length !== 2)
    throw new Error('A pair of an item and a number is needed.');
  return [given[0], Number(given[1])];
}

function saved(path: string, scope: Scope): unknown {
  const [name = '', ...rest] = path.split('.');
  if (!scope.has(name)) throw new Error(`Nothing was saved as $${name}.`);
  return rest.length === 0 ? scope.get(name) : at(scope.get(name), rest.join('.'));
}

/** The value at a path such as `videoJobs.nodes.0.id`; undefined when there is none. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([key]) => key === name)?.[1];
  }
  return found;
}
