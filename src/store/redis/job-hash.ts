import type { Job } from '../../domain/job.ts';

/**
 * A job as JSON with a line for each of its properties, such as `,"version":2`. So it is announced; and from it the
 * scripts make a hash: a field for each property, as JSON, and `@…` fields that are the store's own. An instance writes
 * the fields that it knows and leaves others alone, so that during a rolling deploy an older instance does not erase
 * what a newer one has added.
 */
export function encodeJob(job: Job): string {
  const lines = Object.entries(job).map(([field, value]) => `"${field}":${JSON.stringify(value)}`);
  return `{${lines.join('\n,')}\n}`;
}

/** @returns null for an empty hash, that is for a job that is not there */
export function decodeJob(hash: Readonly<Record<string, string>>): Job | null {
  const members = Object.entries(hash)
    .filter(([field]) => !field.startsWith('@'))
    .map(([field, value]) => `${JSON.stringify(field)}:${value}`);
  if (members.length === 0) return null;
  const job: Job = JSON.parse(`{${members.join(',')}}`);
  return job;
}

/** The pairs of a flat list, as Redis gives a hash to a script. */
export function fromFlatList(list: readonly string[]): Record<string, string> {
  const hash: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) hash[list[index] ?? ''] = list[index + 1] ?? '';
  return hash;
}
