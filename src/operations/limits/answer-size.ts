import type { GraphQLField } from 'graphql';
import type { VariableLength } from './list-length.ts';

/** Bytes of a value whose field has no `maxBytes`: numbers, enums, ids and times have at most 50. */
const DEFAULT_BYTES = 50;
/** Least bytes of an entity: the job that is read for it stays in memory as long as the answer, whatever is selected of it. */
const MIN_ENTITY_BYTES = 6000;
/** Bytes of the quotes, the colon and the comma of a key. */
export const KEY_BYTES = 4;

/** An upper bound of the size of an answer. */
export interface Size {
  /** Of its JSON in UTF-8. */
  readonly bytes: number;
  /** Values of any kind, `__typename` included. A field with `extensions.cost` counts as that many. */
  readonly values: number;
}

/** A list whose length depends on the variables, with the size of one entry. */
export interface VariableList {
  readonly length: VariableLength;
  readonly entry: Size;
}

/** The size of an operation's answer. */
export interface Measure extends Size {
  /** Lists that are not counted in `bytes` and `values`. */
  readonly lists: readonly VariableList[];
  /** Selections with fragments expanded. */
  readonly selections: number;
}

/** The size of the answer with these variables. */
export function sizeOf(
  { bytes, values, lists }: Omit<Measure, 'selections'>,
  variables: Readonly<Record<string, unknown>>,
): Size {
  const size = { bytes, values };
  for (const { length, entry } of lists) {
    const times = length.of(variables);
    size.bytes += times * entry.bytes;
    size.values += times * entry.values;
  }
  return size;
}

/** The size of the value of a field without a selection set, by its `extensions.maxBytes`. The field itself counts in `valuesOf`. */
export function leafSize(field: GraphQLField<unknown, unknown> | undefined): Size {
  const given = field?.extensions['maxBytes'];
  return { bytes: typeof given === 'number' ? given : DEFAULT_BYTES, values: 0 };
}

/** How many values a field counts as, by its `extensions.cost`. */
export function valuesOf(field: GraphQLField<unknown, unknown> | undefined): number {
  const given = field?.extensions['cost'];
  return typeof given === 'number' ? given : 1;
}

/** @param selected the size of what is selected of the entity */
export function entitySize({ bytes, values }: Size): Size {
  return { bytes: Math.max(bytes, MIN_ENTITY_BYTES), values };
}
