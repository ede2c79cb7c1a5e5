import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { DateTimeResolver } from 'graphql-scalars';

/**
 * A URL as text. It is checked with the rest of the input, so that a wrong one is an issue of `GenerateVideoInvalidInput` beside
 * the others. An error of the scalar would hide the other issues.
 */
export const UrlScalar = new GraphQLScalarType<string, string>({
  name: 'URL',
  description: 'An absolute URL, as text: `https://example.com/cat.png`.',
  specifiedByURL: 'https://url.spec.whatwg.org/',
  serialize: asText,
  parseValue: asText,
  parseLiteral: (node) => {
    if (node.kind === Kind.STRING) return node.value;
    throw new GraphQLError(`URL must be a string, not ${node.kind}.`, { nodes: node });
  },
});

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`URL must be a string, not ${value === null ? 'null' : typeof value}.`);
}

/**
 * Resolvers return epoch milliseconds. They are serialized to text here: `JSON.stringify` writes strings several times faster than
 * dates.
 */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  ...DateTimeResolver.toConfig(),
  serialize: (time) => isoText(Number(time)),
});

const NOT_A_FILE = 'File must be a file in a multipart request (POST, multipart/form-data).';

/** Only the parser of multipart requests creates such a value; JSON cannot hold one. */
export const FileScalar = new GraphQLScalarType<UploadedFile, never>({
  name: 'File',
  description:
    'A file. It is a variable that is null in the `operations` of a multipart request (POST, multipart/form-data); `map` names the part with the file. JSON, GET and WebSockets cannot carry files.',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  serialize: () => {
    throw new GraphQLError('A file can only be sent, not answered.');
  },
  parseValue: (value) => {
    if (value instanceof UploadedFile) return value;
    throw new GraphQLError(NOT_A_FILE);
  },
  parseLiteral: (node) => {
    throw new GraphQLError(NOT_A_FILE, { nodes: node });
  },
});

/** A file that came with a request. */
export class UploadedFile {
  // Private: code that walks over variables must not visit each byte.
  #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  /** In pieces, of which the first has at least 12 bytes unless it is the last. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Releases the bytes, even if the file object is still referenced. */
  discard(): void {
    this.#chunks = [];
  }
}

const DAY_MS = 86_400_000;
/** The end of the year 9999. `Date` writes later times and times before 1970. */
const END = 253_402_300_800_000;
const [ZERO, DASH, T, COLON, POINT, Z] = [48, 45, 84, 58, 46, 90];

/** Cached texts: most times are written again and again. */
const texts = new Map<number, string>();
const MAX_TEXTS = 5000;

/** Cached texts of days, by the number of days since 1970. */
const days = new Map<number, string>();
const MAX_DAYS = 100;

/**
 * The same text as `Date.toISOString`, several times faster: a job has five times. The text is created in one piece because
 * `JSON.stringify` takes twice as long for concatenated strings, and from small integers because V8 allocates larger ones.
 *
 * @param time epoch milliseconds
 * @throws RangeError when it is not a valid time
 */
export function isoText(time: number): string {
  const known = texts.get(time);
  if (known !== undefined) return known;
  const text = write(time);
  if (texts.size === MAX_TEXTS) texts.clear();
  texts.set(time, text);
  return text;
}

function write(time: number): string {
  if (!(time >= 0 && time < END)) return new Date(time).toISOString();
  const number = Math.floor(time / DAY_MS);
  const day = dayOf(number);
  const ms = Math.trunc(time - number * DAY_MS) | 0;
  const second = (ms / 1000) | 0;
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  return String.fromCharCode(
    day.charCodeAt(0),
    day.charCodeAt(1),
    day.charCodeAt(2),
    day.charCodeAt(3),
    DASH,
    day.charCodeAt(5),
    day.charCodeAt(6),
    DASH,
    day.charCodeAt(8),
    day.charCodeAt(9),
    T,
    digit(hour, 10),
    digit(hour, 1),
    COLON,
    digit(minute % 60, 10),
    digit(minute % 60, 1),
    COLON,
    digit(second % 60, 10),
    digit(second % 60, 1),
    POINT,
    digit(ms % 1000, 100),
    digit(ms % 1000, 10),
    digit(ms % 1000, 1),
    Z,
  );
}

/** The character of one decimal digit. */
function digit(value: number, unit: number): number {
  return ZERO + (((value / unit) | 0) % 10);
}

function dayOf(number: number): string {
  const known = days.get(number);
  if (known !== undefined) return known;
  const day = new Date(number * DAY_MS).toISOString();
  if (days.size === MAX_DAYS) days.clear();
  days.set(number, day);
  return day;
}
