import type { VideoJobStatus } from '../documents.ts';
import type { VideoJob } from '../types.ts';
import { type CommandArguments, integer } from './arguments.ts';
import type { Context } from './context.ts';
import { usageError } from './exit-codes.ts';
import { note, print, printable, type Terminal } from './terminal.ts';

const DEFAULT_LIMIT = 20;
/** The gateway's own limit. */
const MAX_PAGE = 100;
const STATUSES: readonly VideoJobStatus[] = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'];

/** `reelgate list`: prints jobs, newest first. */
export async function list(context: Context, { values, positionals }: CommandArguments): Promise<void> {
  if (positionals.length > 0) throw usageError('list has no arguments, only options.');
  const limit = integer('--limit', values.limit) ?? DEFAULT_LIMIT;
  if (limit < 1) throw usageError('--limit must be at least 1.');
  const filter = { status: values.status?.map(statusOf), prompt: values.search };
  const { client, terminal, signal } = context;
  let remaining = limit;
  let after: string | null = null;
  do {
    const page = await client.jobs({ filter, first: Math.min(remaining, MAX_PAGE), after, signal });
    for (const job of page.jobs) print(terminal, terminal.json ? JSON.stringify(job) : row(job, terminal));
    remaining -= page.jobs.length;
    after = page.endCursor;
  } while (after !== null && remaining > 0);
  if (remaining === limit) note(terminal, 'No jobs.');
}

function statusOf(text: string): VideoJobStatus {
  const found = STATUSES.find((status) => status === text.toUpperCase());
  if (found === undefined)
    throw usageError(`--status must be queued, processing, completed or failed, not "${text}".`);
  return found;
}

/** The widest status, and a date with time, as columns. */
const STATUS_COLUMNS = Math.max(...STATUSES.map((status) => status.length));

function row(job: VideoJob, { out }: Terminal): string {
  const status = job.status.toLowerCase().padEnd(STATUS_COLUMNS);
  const line = `${job.id}  ${status}  ${localTime(job.createdAt)}  ${printable(job.request.prompt)}`;
  return out.isTTY === true && out.columns !== undefined ? line.slice(0, out.columns) : line;
}

/** The minute, in the zone of the user. */
function localTime(time: string): string {
  const date = new Date(time);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
