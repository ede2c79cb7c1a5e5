import { parseContentRange } from '../../../providers/files/content-range.ts';
import type { FileAnswer, FileClient } from '../../../providers/files/file-client.ts';
import { FileRefusedError } from '../../../providers/files/file-refused-error.ts';
import { rangeHeader, rangeWithin } from './byte-range.ts';
import { lengthOf, type SourceAnswer, type VideoQuery } from './video-source.ts';

/** Statuses of a file that no longer exists. Object storage answers 401 or 403 to an expired URL. */
const GONE: ReadonlySet<number> = new Set([401, 403, 404, 410]);
/** Types that videos are served with; the last two say nothing. */
const VIDEO_TYPE = /^(?:video\/[\w.+-]+|application\/mp4|(?:application|binary)\/octet-stream)$/;
/** Asks for the length: some storage refuses HEAD for a URL that was signed for GET. */
const FIRST_BYTE = { start: 0, end: 0 };

/**
 * Passes a video through from the upstream, also when the upstream ignores Range.
 *
 * @param url the upstream's
 * @param knownLength bytes of the video as the upstream reported them; null: unknown
 */
export async function openAtUpstream(
  files: Pick<FileClient, 'fetch'>,
  url: string,
  knownLength: number | null,
  query: VideoQuery,
): Promise<SourceAnswer> {
  const range = query.withBody ? query.range : FIRST_BYTE;
  let answer: FileAnswer;
  try {
    const headers = range === null ? {} : { range: rangeHeader(range) };
    answer = await files.fetch({ url, headers, signal: query.signal });
  } catch (error) {
    const message =
      error instanceof FileRefusedError
        ? 'The upstream’s URL of the video is not allowed.'
        : 'The upstream’s file of the video cannot be reached.';
    return unavailable(message, error);
  }
  const opened = read(answer, knownLength, query);
  if (opened.type === 'opened' && opened.body !== null) return opened;
  answer.body.destroy();
  return opened;
}

function read(answer: FileAnswer, knownLength: number | null, query: VideoQuery): SourceAnswer {
  const { status, headers, body } = answer;
  if (GONE.has(status)) return { type: 'missing' };
  if (status === 416)
    return { type: 'out-of-range', length: parseContentRange(headers['content-range'])?.length ?? null };
  if (status !== 200 && status !== 206) return unavailable(`The upstream answered ${status}.`);
  const type =
    String(headers['content-type'] ?? 'video/mp4')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() ?? '';
  if (!VIDEO_TYPE.test(type))
    return unavailable(`The upstream sent ${type.slice(0, 100)}, which is not a video.`);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return unavailable('The upstream compressed the video.');
  return status === 206 ? readPart(answer, query) : readWhole({ headers, body }, knownLength, query);
}

/** An answer with the requested range. */
function readPart({ headers, body }: FileAnswer, { range, withBody }: VideoQuery): SourceAnswer {
  const sent = parseContentRange(headers['content-range']);
  if (sent === null || sent.range === null)
    return unavailable('The upstream sent an unknown part of the video.');
  if (!withBody)
    return { type: 'opened', length: sent.length, range: null, body: null, part: { skip: 0, length: null } };
  const { start, end } = sent.range;
  const isRequested =
    range !== null &&
    ('suffix' in range
      ? end + 1 === (sent.length ?? end + 1)
      : start === range.start && end <= (range.end ?? Infinity));
  if (!isRequested) return unavailable('The upstream sent another part of the video than the requested one.');
  const part = { skip: 0, length: end - start + 1 };
  return { type: 'opened', length: sent.length, range: sent.range, body, part };
}

/** An answer with the whole video, from which the range is cut. */
function readWhole(
  { headers, body }: Pick<FileAnswer, 'headers' | 'body'>,
  knownLength: number | null,
  { range, withBody }: VideoQuery,
): SourceAnswer {
  const header = headers['content-length'];
  const length = typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : knownLength;
  const bytes = range === null || length === null ? null : rangeWithin(range, length);
  if (range !== null && length !== null && bytes === null) return { type: 'out-of-range', length };
  const part = { skip: bytes?.start ?? 0, length: lengthOf(bytes, length) };
  return { type: 'opened', length, range: bytes, body: withBody ? body : null, part };
}

function unavailable(message: string, cause: unknown = message): SourceAnswer {
  return { type: 'unavailable', message, cause };
}
