import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { DateTimeResolver } from 'graphql-scalars';
import { isoText } from './iso-text.ts';

/**
 * A URL that is checked where the rest of the input is: a wrong one is then an issue among others in
 * `GenerateVideoInvalidInput`, instead of a request error that hides them.
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
 * Resolvers give epoch milliseconds. The answer holds text already: one of strings only is made into JSON several times
 * faster than one with dates in it.
 */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  ...DateTimeResolver.toConfig(),
  serialize: (time) => isoText(Number(time)),
});

/** Routers mostly can't pass files on; see docs/federation.md. */
export const NOT_BY_ROUTERS = { inaccessible: {} };

const NOT_A_FILE = 'File must be a file in a multipart request (POST, multipart/form-data).';

/** What no JSON can hold: only the parser of multipart requests makes one. */
export const FileScalar = new GraphQLScalarType<UploadedFile, never>({
  name: 'File',
  description:
    'A file. It is a variable whose place is null in the `operations` of a multipart request (POST, multipart/form-data); `map` says which part is the file. JSON, GET and WebSockets carry none.',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  extensions: { directives: NOT_BY_ROUTERS },
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
  // Private, as what looks through variables must not look at each byte.
  #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  /** In pieces, of which the first has at least 12 bytes unless it is the last. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Lets go of the bytes, whoever still has the file. */
  discard(): void {
    this.#chunks = [];
  }
}
