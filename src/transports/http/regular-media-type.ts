/** How a result that is no stream can be written; of two that fit equally, the later. */
const MEDIA_TYPES = ['application/graphql-response+json', 'application/json'] as const;

/**
 * The type that Yoga answers a query with.
 *
 * @param accept the Accept header
 * @returns null when it takes neither, or Yoga would have to look closer
 */
export function regularMediaType(accept: string | undefined): (typeof MEDIA_TYPES)[number] | null {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return 'application/json';
  const types = accept.toLowerCase();
  if (types.includes('charset')) return null;
  const first = types
    .split(',')
    .map((item) => item.split(';', 1)[0]?.trim())
    .find(
      (type) => type === '*/*' || type === 'application/*' || MEDIA_TYPES.some((known) => known === type),
    );
  if (first === undefined) return null;
  return first === 'application/graphql-response+json' ? first : 'application/json';
}
