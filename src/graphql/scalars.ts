import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

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
