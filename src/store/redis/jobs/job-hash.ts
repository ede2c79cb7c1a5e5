import { type Job, readStoredJob } from '../../../domain/job/job.ts';
import { decodeNotes } from '../../../domain/job/poll-notes.ts';
import type { DueJob } from '../../job-store.ts';
import { decodeCompact } from './compact-job.ts';

/** The field of a compact job. */
const COMPACT = '@final';

/** A hash as Redis returns it. The field of a compact job has one character for each byte. */
export type Hash = Readonly<Record<string, string>>;

/**
 * Encodes a job as JSON with one line for each property, such as `,"version":2`. This text is published with a seal. The scripts also turn
 * it into a hash: one field with JSON for each property, and `@…` fields of the store. An instance writes only the fields that it knows, so
 * that during a rolling deploy an older instance does not erase the fields of a newer one. A final job is compact once all instances can
 * read that.
 */
export function encodeJob(job: Job): string {
  const lines = Object.entries(job).map(([field, value]) => `"${field}":${JSON.stringify(value)}`);
  return `{${lines.join('\n,')}\n}`;
}

/**
 * Reads a job from its hash.
 *
 * @returns null for an empty hash, which means that the job does not exist
 * @throws Error when a field is not JSON or has a wrong value
 */
export function decodeJob(hash: Hash): Job | null {
  const members = Object.entries(hash)
    .filter(([field]) => !field.startsWith('@'))
    .map(([field, value]) => `${JSON.stringify(field)}:${value}`);
  const fields: unknown = JSON.parse(`{${members.join(',')}}`);
  const { [COMPACT]: compact } = hash;
  if (compact !== undefined)
    return readStoredJob({ ...toObject(decodeCompact(compact)), ...toObject(fields) });
  if (members.length === 0 && Object.keys(hash).length === 0) return null;
  return readStoredJob(fields);
}

/** Whether a hash is that of a compact job. */
export function isCompact(hash: Hash): boolean {
  return COMPACT in hash;
}

/** Whether a poller has leased the job. The lease may have expired. */
export function isLeased(hash: Hash): boolean {
  return '@lease' in hash;
}

/** Converts a hash from bytes. */
export function fromBytes(hash: Readonly<Record<string, Buffer>>): Hash {
  const entries = Object.entries(hash);
  return Object.fromEntries(
    entries.map(([field, value]) => [field, value.toString(field === COMPACT ? 'latin1' : 'utf8')]),
  );
}

function toObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** As `decodeJob`, with the poller's fields. A poller's field that cannot be read counts as absent. */
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

function readNumber(text: string): number | null {
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

/** Converts the flat list that a script returns for a hash. */
export function fromFlatList(list: readonly string[]): Record<string, string> {
  const hash: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) hash[list[index] ?? ''] = list[index + 1] ?? '';
  return hash;
}
