import { type Job, readStoredJob } from '../../../domain/job/job.ts';
import { NO_NOTES, type PollNotes } from '../../../domain/job/poll-notes.ts';
import type { DueJob } from '../../job-store.ts';

/** A hash as Redis gives it. */
export type Hash = Readonly<Record<string, string>>;

/**
 * A job as JSON with a line for each of its properties, such as `,"version":2`. So it is announced, with a seal; and from it the
 * scripts make a hash: a field for each property, as JSON, and `@…` fields that are the store's own. An instance writes
 * the fields that it knows and leaves others alone, so that during a rolling deploy an older instance does not erase
 * what a newer one has added.
 */
export function encodeJob(job: Job): string {
  const lines = Object.entries(job).map(([field, value]) => `"${field}":${JSON.stringify(value)}`);
  return `{${lines.join('\n,')}\n}`;
}

/**
 * Reads a job from its hash.
 *
 * @returns null for an empty hash, that is for a job that is not there
 * @throws Error when a field is no JSON, or not what it has to be
 */
export function decodeJob(hash: Hash): Job | null {
  const members = Object.entries(hash)
    .filter(([field]) => !field.startsWith('@'))
    .map(([field, value]) => `${JSON.stringify(field)}:${value}`);
  if (members.length === 0 && Object.keys(hash).length === 0) return null;
  return readStoredJob(JSON.parse(`{${members.join(',')}}`));
}

/** Reads a job with the store's own fields; one of those that can't be read counts as absent. Else as `decodeJob`. */
export function decodeDueJob(hash: Hash): DueJob | null {
  const job = decodeJob(hash);
  const { '@seenAt': lastPolledAt = '', '@faults': faults = '', '@notes': notes } = hash;
  if (job === null) return null;
  return {
    job,
    lastPolledAt: readNumber(lastPolledAt),
    failureCount: readNumber(faults) ?? 0,
    notes: decodeNotes(notes),
  };
}

/** The notes as the scripts take them: empty when there is nothing to remember. */
export function encodeNotes(notes: PollNotes = NO_NOTES): string {
  const text = JSON.stringify(notes);
  return text === '{}' ? '' : text;
}

function decodeNotes(text: string | undefined): PollNotes {
  if (text === undefined) return NO_NOTES;
  try {
    const notes: PollNotes | null = JSON.parse(text);
    return typeof notes === 'object' && notes !== null && !Array.isArray(notes) ? notes : NO_NOTES;
  } catch {
    return NO_NOTES;
  }
}

function readNumber(text: string): number | null {
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

/** The pairs of a flat list, as Redis gives a hash to a script. */
export function fromFlatList(list: readonly string[]): Record<string, string> {
  const hash: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) hash[list[index] ?? ''] = list[index + 1] ?? '';
  return hash;
}
